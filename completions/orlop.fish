# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_orlop_global_optspecs
    string join \n v/version root= config= set= storage-driver= progress= tls-verify= D/debug h/help
end

function __fish_orlop_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_orlop_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_orlop_using_subcommand
    set -l cmd (__fish_orlop_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c orlop -n "__fish_orlop_needs_command" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_needs_command" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_needs_command" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_needs_command" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_needs_command" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_needs_command" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_needs_command" -s v -l version -d 'Print version information and quit'
complete -c orlop -n "__fish_orlop_needs_command" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_needs_command" -f -a "pull" -d 'Download an image from a registry'
complete -c orlop -n "__fish_orlop_needs_command" -f -a "push" -d 'Upload an image to a registry'
complete -c orlop -n "__fish_orlop_needs_command" -f -a "copy" -d 'Copy an image from one place to another'
complete -c orlop -n "__fish_orlop_needs_command" -f -a "images" -d 'List images'
complete -c orlop -n "__fish_orlop_needs_command" -f -a "inspect" -d 'Return low-level information on images'
complete -c orlop -n "__fish_orlop_needs_command" -f -a "history" -d 'Show the history of an image'
complete -c orlop -n "__fish_orlop_needs_command" -f -a "diff" -d 'Show in what two images differ: files, configuration, layers, sizes'
complete -c orlop -n "__fish_orlop_needs_command" -f -a "explore" -d 'Explore an image\'s layers, files and wasted space'
complete -c orlop -n "__fish_orlop_needs_command" -f -a "tag" -d 'Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE'
complete -c orlop -n "__fish_orlop_needs_command" -f -a "rmi" -d 'Remove one or more images'
complete -c orlop -n "__fish_orlop_needs_command" -f -a "save" -d 'Save one or more images to a tar archive (streamed to STDOUT by default)'
complete -c orlop -n "__fish_orlop_needs_command" -f -a "load" -d 'Load an image from a tar archive or STDIN'
complete -c orlop -n "__fish_orlop_needs_command" -f -a "export" -d 'Export an image\'s filesystem as a tar archive'
complete -c orlop -n "__fish_orlop_needs_command" -f -a "import" -d 'Import the contents from a tarball to create a filesystem image'
complete -c orlop -n "__fish_orlop_needs_command" -f -a "prune" -d 'Remove unused images'
complete -c orlop -n "__fish_orlop_needs_command" -f -a "undo" -d 'Take back the last rmi or prune'
complete -c orlop -n "__fish_orlop_needs_command" -f -a "why" -d 'Show what holds something on the disk'
complete -c orlop -n "__fish_orlop_needs_command" -f -a "image" -d 'Manage images'
complete -c orlop -n "__fish_orlop_needs_command" -f -a "mutate" -d 'Change the settings, labels and annotations of an image'
complete -c orlop -n "__fish_orlop_needs_command" -f -a "append" -d 'Append the contents of a tarball to an image'
complete -c orlop -n "__fish_orlop_needs_command" -f -a "rebase" -d 'Rebase an image onto a new base image'
complete -c orlop -n "__fish_orlop_needs_command" -f -a "flatten" -d 'Flatten an image\'s layers into a single layer'
complete -c orlop -n "__fish_orlop_needs_command" -f -a "manifest" -d 'Manage image manifests and manifest lists'
complete -c orlop -n "__fish_orlop_needs_command" -f -a "buildx" -d 'Work on images in registries, as docker\'s builder does'
complete -c orlop -n "__fish_orlop_needs_command" -f -a "scout" -d 'Find what is in images, and what is wrong with it'
complete -c orlop -n "__fish_orlop_needs_command" -f -a "search" -d 'Search Docker Hub, or another registry, for images'
complete -c orlop -n "__fish_orlop_needs_command" -f -a "official" -d 'Show the supported tags of a Docker Official Image'
complete -c orlop -n "__fish_orlop_needs_command" -f -a "digest" -d 'Print the digests that names stand for'
complete -c orlop -n "__fish_orlop_needs_command" -f -a "referrers" -d 'Show what speaks of an image: signatures, SBOMs, attestations'
complete -c orlop -n "__fish_orlop_needs_command" -f -a "attach" -d 'Attach files to an image in a registry'
complete -c orlop -n "__fish_orlop_needs_command" -f -a "validate" -d 'Check everything about an image: digests, sizes, types, what its parts say of each other'
complete -c orlop -n "__fish_orlop_needs_command" -f -a "blob" -d 'Manage blobs'
complete -c orlop -n "__fish_orlop_needs_command" -f -a "pin" -d 'Pin the image references of files to digests'
complete -c orlop -n "__fish_orlop_needs_command" -f -a "login" -d 'Authenticate to a registry'
complete -c orlop -n "__fish_orlop_needs_command" -f -a "logout" -d 'Log out from a registry'
complete -c orlop -n "__fish_orlop_needs_command" -f -a "mount" -d 'Mount an image\'s files at a directory'
complete -c orlop -n "__fish_orlop_needs_command" -f -a "umount" -d 'Unmount what `orlop mount` mounted'
complete -c orlop -n "__fish_orlop_needs_command" -f -a "unmount" -d 'Unmount what `orlop mount` mounted'
complete -c orlop -n "__fish_orlop_needs_command" -f -a "unshare" -d 'Run a command in the namespace in which a user mounts images'
complete -c orlop -n "__fish_orlop_needs_command" -f -a "system" -d 'Manage the store'
complete -c orlop -n "__fish_orlop_needs_command" -f -a "serve" -d 'Serve a registry'
complete -c orlop -n "__fish_orlop_needs_command" -f -a "registry" -d 'Manage the registry that `orlop serve` serves'
complete -c orlop -n "__fish_orlop_needs_command" -f -a "config" -d 'Show the configuration and describe its keys'
complete -c orlop -n "__fish_orlop_needs_command" -f -a "info" -d 'Display system-wide information'
complete -c orlop -n "__fish_orlop_needs_command" -f -a "version" -d 'Show the version information'
complete -c orlop -n "__fish_orlop_needs_command" -f -a "completion" -d 'Print a completion script for a shell'
complete -c orlop -n "__fish_orlop_needs_command" -f -a "quickstart" -d 'Take a tour, without network, with a store and a registry of its own'
complete -c orlop -n "__fish_orlop_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c orlop -n "__fish_orlop_using_subcommand pull" -l platform -d 'Pull this platform, or these: os[/arch[/variant]] [env: DOCKER_DEFAULT_PLATFORM]' -r
complete -c orlop -n "__fish_orlop_using_subcommand pull" -l disable-content-trust -d 'Accepted for docker\'s sake; nothing is skipped' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand pull" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand pull" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand pull" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand pull" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand pull" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand pull" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand pull" -s a -l all-tags -d 'Download all tagged images in the repository'
complete -c orlop -n "__fish_orlop_using_subcommand pull" -l all-platforms -d 'Pull all platforms of the image'
complete -c orlop -n "__fish_orlop_using_subcommand pull" -s q -l quiet -d 'Suppress verbose output'
complete -c orlop -n "__fish_orlop_using_subcommand pull" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand pull" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand push" -l platform -d 'Push only this platform of a multi-platform image, without its index: os[/arch[/variant]]' -r
complete -c orlop -n "__fish_orlop_using_subcommand push" -l disable-content-trust -d 'Accepted for docker\'s sake; nothing is skipped' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand push" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand push" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand push" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand push" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand push" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand push" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand push" -s a -l all-tags -d 'Push all tags of an image to the repository'
complete -c orlop -n "__fish_orlop_using_subcommand push" -s q -l quiet -d 'Suppress verbose output'
complete -c orlop -n "__fish_orlop_using_subcommand push" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand push" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand copy" -l tags -d 'Copy the tags that match: a glob, or a regular expression as /REGEX/' -r
complete -c orlop -n "__fish_orlop_using_subcommand copy" -l exclude -d 'Leave out the tags that match' -r
complete -c orlop -n "__fish_orlop_using_subcommand copy" -l semver -d 'Copy the tags that are versions in this range, as \\">=1.2, <2\\"' -r
complete -c orlop -n "__fish_orlop_using_subcommand copy" -l latest -l last -d 'Copy only so many of the highest versions' -r
complete -c orlop -n "__fish_orlop_using_subcommand copy" -l platform -d 'Copy only this platform\'s manifest; several: the index with only these: os[/arch[/variant]]' -r
complete -c orlop -n "__fish_orlop_using_subcommand copy" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand copy" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand copy" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand copy" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand copy" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand copy" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand copy" -s a -l all-tags -d 'Copy all tags of a repository; both places are names without a tag'
complete -c orlop -n "__fish_orlop_using_subcommand copy" -l prereleases -d 'Count pre-releases as versions'
complete -c orlop -n "__fish_orlop_using_subcommand copy" -l referrers -d 'Copy what names the image as its subject: signatures, SBOMs, attestations'
complete -c orlop -n "__fish_orlop_using_subcommand copy" -l digest-tags -d 'Copy tags that are made of the image\'s digest, as cosign\'s'
complete -c orlop -n "__fish_orlop_using_subcommand copy" -l recheck -d 'Look at every manifest and blob, also where the target is up to date'
complete -c orlop -n "__fish_orlop_using_subcommand copy" -s q -l quiet -d 'Print only digests'
complete -c orlop -n "__fish_orlop_using_subcommand copy" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand copy" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand images" -s f -l filter -d 'Filter output: before=, dangling=, label=, reference=, since=, until=' -r
complete -c orlop -n "__fish_orlop_using_subcommand images" -l format -d 'Format output using a custom template: \'table\':            Print output in table format with column headers (default) \'table TEMPLATE\':   Print output in table format using the given Go template \'json\':             Print in JSON format \'TEMPLATE\':         Print output using the given Go template' -r
complete -c orlop -n "__fish_orlop_using_subcommand images" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand images" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand images" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand images" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand images" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand images" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand images" -s a -l all -d 'Show all images, also those that --tree hides because they have no name'
complete -c orlop -n "__fish_orlop_using_subcommand images" -l digests -d 'Show digests'
complete -c orlop -n "__fish_orlop_using_subcommand images" -l no-trunc -d 'Don\'t truncate output'
complete -c orlop -n "__fish_orlop_using_subcommand images" -s q -l quiet -d 'Only show image IDs'
complete -c orlop -n "__fish_orlop_using_subcommand images" -l tree -d 'List images with their platforms as a tree'
complete -c orlop -n "__fish_orlop_using_subcommand images" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand images" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand inspect" -s f -l format -d 'Format output using a custom template: \'json\':             Print in JSON format \'TEMPLATE\':         Print output using the given Go template' -r
complete -c orlop -n "__fish_orlop_using_subcommand inspect" -l type -d 'Only inspect objects of this type: image' -r
complete -c orlop -n "__fish_orlop_using_subcommand inspect" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand inspect" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand inspect" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand inspect" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand inspect" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand inspect" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand inspect" -s s -l size -d 'Show sizes of containers'
complete -c orlop -n "__fish_orlop_using_subcommand inspect" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand inspect" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand history" -l format -d 'Format output using a custom template: \'table\':            Print output in table format with column headers (default) \'table TEMPLATE\':   Print output in table format using the given Go template \'json\':             Print in JSON format \'TEMPLATE\':         Print output using the given Go template' -r
complete -c orlop -n "__fish_orlop_using_subcommand history" -s H -l human -d 'Print sizes and dates in human readable format' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand history" -l platform -d 'Show the history of this platform: os[/arch[/variant]]' -r
complete -c orlop -n "__fish_orlop_using_subcommand history" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand history" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand history" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand history" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand history" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand history" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand history" -l files -d 'Show the files that each step added (A), changed (C) or deleted (D), with their sizes'
complete -c orlop -n "__fish_orlop_using_subcommand history" -l json -d 'Print the steps as a JSON list, with --files also their files'
complete -c orlop -n "__fish_orlop_using_subcommand history" -l no-trunc -d 'Don\'t truncate output'
complete -c orlop -n "__fish_orlop_using_subcommand history" -s q -l quiet -d 'Only show image IDs'
complete -c orlop -n "__fish_orlop_using_subcommand history" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand history" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand diff" -l platform -d 'Compare the images of this platform: os[/arch[/variant]]' -r
complete -c orlop -n "__fish_orlop_using_subcommand diff" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand diff" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand diff" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand diff" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand diff" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand diff" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand diff" -l exit-code -d 'Exit with 0 when nothing differs, with 1 when something does, with 2 when that can\'t be told'
complete -c orlop -n "__fish_orlop_using_subcommand diff" -l json -d 'Print one JSON object'
complete -c orlop -n "__fish_orlop_using_subcommand diff" -s q -l quiet -d 'Print nothing; with --exit-code'
complete -c orlop -n "__fish_orlop_using_subcommand diff" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand diff" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand explore" -l ci-config -d 'File with the rules (default .dive-ci, if it is there)' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand explore" -l lowestEfficiency -d 'With --ci: fail when the efficiency is lower, between 0 and 1 (default 0.9)' -r
complete -c orlop -n "__fish_orlop_using_subcommand explore" -l highestWastedBytes -d 'With --ci: fail when more is wasted, as 20MB (default disabled)' -r
complete -c orlop -n "__fish_orlop_using_subcommand explore" -l highestUserWastedPercent -d 'With --ci: fail when a larger part of what the image adds to its base is wasted (default 0.1)' -r
complete -c orlop -n "__fish_orlop_using_subcommand explore" -s j -l json -d 'Write layers, files and wasted space as JSON instead of showing them; - is standard output' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand explore" -l platform -d 'Explore the image of this platform: os[/arch[/variant]]' -r
complete -c orlop -n "__fish_orlop_using_subcommand explore" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand explore" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand explore" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand explore" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand explore" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand explore" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand explore" -l ci -d 'Check the image against rules instead of showing it'
complete -c orlop -n "__fish_orlop_using_subcommand explore" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand explore" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand tag; and not __fish_seen_subcommand_from log ls" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand tag; and not __fish_seen_subcommand_from log ls" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand tag; and not __fish_seen_subcommand_from log ls" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand tag; and not __fish_seen_subcommand_from log ls" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand tag; and not __fish_seen_subcommand_from log ls" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand tag; and not __fish_seen_subcommand_from log ls" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand tag; and not __fish_seen_subcommand_from log ls" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand tag; and not __fish_seen_subcommand_from log ls" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand tag; and not __fish_seen_subcommand_from log ls" -a "log" -d 'Show which digests a name had, and since when'
complete -c orlop -n "__fish_orlop_using_subcommand tag; and not __fish_seen_subcommand_from log ls" -a "ls" -d 'List the tags of a repository'
complete -c orlop -n "__fish_orlop_using_subcommand tag; and __fish_seen_subcommand_from log" -l format -d 'Format output using a custom template: \'table\':            Print output in table format with column headers (default) \'table TEMPLATE\':   Print output in table format using the given Go template \'json\':             Print in JSON format \'TEMPLATE\':         Print output using the given Go template' -r
complete -c orlop -n "__fish_orlop_using_subcommand tag; and __fish_seen_subcommand_from log" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand tag; and __fish_seen_subcommand_from log" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand tag; and __fish_seen_subcommand_from log" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand tag; and __fish_seen_subcommand_from log" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand tag; and __fish_seen_subcommand_from log" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand tag; and __fish_seen_subcommand_from log" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand tag; and __fish_seen_subcommand_from log" -l no-trunc -d 'Don\'t truncate output'
complete -c orlop -n "__fish_orlop_using_subcommand tag; and __fish_seen_subcommand_from log" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand tag; and __fish_seen_subcommand_from log" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand tag; and __fish_seen_subcommand_from ls" -l limit -d 'List at most so many' -r
complete -c orlop -n "__fish_orlop_using_subcommand tag; and __fish_seen_subcommand_from ls" -l last -d 'List only what comes after this tag' -r
complete -c orlop -n "__fish_orlop_using_subcommand tag; and __fish_seen_subcommand_from ls" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand tag; and __fish_seen_subcommand_from ls" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand tag; and __fish_seen_subcommand_from ls" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand tag; and __fish_seen_subcommand_from ls" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand tag; and __fish_seen_subcommand_from ls" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand tag; and __fish_seen_subcommand_from ls" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand tag; and __fish_seen_subcommand_from ls" -l json -d 'Print one JSON object, as skopeo does'
complete -c orlop -n "__fish_orlop_using_subcommand tag; and __fish_seen_subcommand_from ls" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand tag; and __fish_seen_subcommand_from ls" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand rmi" -l platform -d 'Remove only this platform of the image: os[/arch[/variant]]' -r
complete -c orlop -n "__fish_orlop_using_subcommand rmi" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand rmi" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand rmi" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand rmi" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand rmi" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand rmi" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand rmi" -s f -l force -d 'Force removal of the image'
complete -c orlop -n "__fish_orlop_using_subcommand rmi" -l no-prune -d 'Do not delete untagged parents'
complete -c orlop -n "__fish_orlop_using_subcommand rmi" -l no-undo -d 'Free the space at once, whatever store.undo_for says'
complete -c orlop -n "__fish_orlop_using_subcommand rmi" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand rmi" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand save" -s o -l output -d 'Write to a file (for oci-dir a directory), instead of standard output' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand save" -l platform -d 'Save only this platform, or these: os[/arch[/variant]]' -r
complete -c orlop -n "__fish_orlop_using_subcommand save" -l compress -d 'Compress the archive as a whole' -r -f -a "gzip\t'gzip'
zstd\t'zstd'"
complete -c orlop -n "__fish_orlop_using_subcommand save" -l format -d 'What to write' -r -f -a "docker-archive\t'An archive that docker and every OCI tool read'
oci-archive\t'An OCI archive'
oci-dir\t'An OCI layout, as a directory; images are added to one that is there'"
complete -c orlop -n "__fish_orlop_using_subcommand save" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand save" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand save" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand save" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand save" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand save" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand save" -s q -l quiet -d 'Suppress verbose output'
complete -c orlop -n "__fish_orlop_using_subcommand save" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand save" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand load" -s i -l input -d 'Read from an archive file or a layout directory, instead of standard input' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand load" -l platform -d 'Load only this platform, or these: os[/arch[/variant]]' -r
complete -c orlop -n "__fish_orlop_using_subcommand load" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand load" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand load" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand load" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand load" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand load" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand load" -s q -l quiet -d 'Suppress the load output'
complete -c orlop -n "__fish_orlop_using_subcommand load" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand load" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand export" -s o -l output -d 'Write to a file, instead of standard output' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand export" -l platform -d 'Export this platform of a multi-platform image: os[/arch[/variant]]' -r
complete -c orlop -n "__fish_orlop_using_subcommand export" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand export" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand export" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand export" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand export" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand export" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand export" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand export" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand import" -s c -l change -d 'Apply a Dockerfile instruction to the created image' -r
complete -c orlop -n "__fish_orlop_using_subcommand import" -s m -l message -d 'Set commit message for imported image' -r
complete -c orlop -n "__fish_orlop_using_subcommand import" -l platform -d 'Set the platform of the image: os[/arch[/variant]]' -r
complete -c orlop -n "__fish_orlop_using_subcommand import" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand import" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand import" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand import" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand import" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand import" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand import" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand import" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand prune" -l filter -d 'Provide filter values: label=, label!=, until=' -r
complete -c orlop -n "__fish_orlop_using_subcommand prune" -l keep-last -d 'Keep the N newest images of each repository, and remove the others too' -r
complete -c orlop -n "__fish_orlop_using_subcommand prune" -l keep-tag -d 'Keep images with a tag that matches, and remove the others too: a glob, or /REGEX/' -r
complete -c orlop -n "__fish_orlop_using_subcommand prune" -l unused-for -d 'Remove images that weren\'t pulled, pushed, tagged or mounted for so long: 14d, 36h' -r
complete -c orlop -n "__fish_orlop_using_subcommand prune" -l free -d 'Remove the least recently used until so much of the disk is free: 20GB' -r
complete -c orlop -n "__fish_orlop_using_subcommand prune" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand prune" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand prune" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand prune" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand prune" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand prune" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand prune" -s a -l all -d 'Remove all unused images, not just dangling ones'
complete -c orlop -n "__fish_orlop_using_subcommand prune" -s f -l force -d 'Do not prompt for confirmation'
complete -c orlop -n "__fish_orlop_using_subcommand prune" -l dry-run -d 'Change nothing, and say what would be removed and why'
complete -c orlop -n "__fish_orlop_using_subcommand prune" -l no-undo -d 'Free the space at once, that of earlier removals too, whatever store.undo_for says'
complete -c orlop -n "__fish_orlop_using_subcommand prune" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand prune" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand undo" -l format -d 'Format output using a custom template: \'table\':            Print output in table format with column headers (default) \'table TEMPLATE\':   Print output in table format using the given Go template \'json\':             Print in JSON format \'TEMPLATE\':         Print output using the given Go template' -r
complete -c orlop -n "__fish_orlop_using_subcommand undo" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand undo" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand undo" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand undo" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand undo" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand undo" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand undo" -s l -l list -d 'List the removals that can be taken back, the latest first'
complete -c orlop -n "__fish_orlop_using_subcommand undo" -l no-pull -d 'Don\'t fetch what isn\'t on the disk any more'
complete -c orlop -n "__fish_orlop_using_subcommand undo" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand undo" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand why" -l format -d 'How to answer' -r -f -a "tree\t'A tree, from the thing up to what holds it'
json\t'An object'"
complete -c orlop -n "__fish_orlop_using_subcommand why" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand why" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand why" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand why" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand why" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand why" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand why" -s a -l all -d 'Show all that hold something, not only the first ten'
complete -c orlop -n "__fish_orlop_using_subcommand why" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand why" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand image; and not __fish_seen_subcommand_from ls list pull push inspect history tag rm remove rmi save load import prune mount unmount umount help" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand image; and not __fish_seen_subcommand_from ls list pull push inspect history tag rm remove rmi save load import prune mount unmount umount help" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand image; and not __fish_seen_subcommand_from ls list pull push inspect history tag rm remove rmi save load import prune mount unmount umount help" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand image; and not __fish_seen_subcommand_from ls list pull push inspect history tag rm remove rmi save load import prune mount unmount umount help" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand image; and not __fish_seen_subcommand_from ls list pull push inspect history tag rm remove rmi save load import prune mount unmount umount help" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand image; and not __fish_seen_subcommand_from ls list pull push inspect history tag rm remove rmi save load import prune mount unmount umount help" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand image; and not __fish_seen_subcommand_from ls list pull push inspect history tag rm remove rmi save load import prune mount unmount umount help" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand image; and not __fish_seen_subcommand_from ls list pull push inspect history tag rm remove rmi save load import prune mount unmount umount help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand image; and not __fish_seen_subcommand_from ls list pull push inspect history tag rm remove rmi save load import prune mount unmount umount help" -f -a "ls" -d 'List images'
complete -c orlop -n "__fish_orlop_using_subcommand image; and not __fish_seen_subcommand_from ls list pull push inspect history tag rm remove rmi save load import prune mount unmount umount help" -f -a "list" -d 'List images'
complete -c orlop -n "__fish_orlop_using_subcommand image; and not __fish_seen_subcommand_from ls list pull push inspect history tag rm remove rmi save load import prune mount unmount umount help" -f -a "pull" -d 'Download an image from a registry'
complete -c orlop -n "__fish_orlop_using_subcommand image; and not __fish_seen_subcommand_from ls list pull push inspect history tag rm remove rmi save load import prune mount unmount umount help" -f -a "push" -d 'Upload an image to a registry'
complete -c orlop -n "__fish_orlop_using_subcommand image; and not __fish_seen_subcommand_from ls list pull push inspect history tag rm remove rmi save load import prune mount unmount umount help" -f -a "inspect" -d 'Display detailed information on one or more images'
complete -c orlop -n "__fish_orlop_using_subcommand image; and not __fish_seen_subcommand_from ls list pull push inspect history tag rm remove rmi save load import prune mount unmount umount help" -f -a "history" -d 'Show the history of an image'
complete -c orlop -n "__fish_orlop_using_subcommand image; and not __fish_seen_subcommand_from ls list pull push inspect history tag rm remove rmi save load import prune mount unmount umount help" -f -a "tag" -d 'Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE'
complete -c orlop -n "__fish_orlop_using_subcommand image; and not __fish_seen_subcommand_from ls list pull push inspect history tag rm remove rmi save load import prune mount unmount umount help" -f -a "rm" -d 'Remove one or more images'
complete -c orlop -n "__fish_orlop_using_subcommand image; and not __fish_seen_subcommand_from ls list pull push inspect history tag rm remove rmi save load import prune mount unmount umount help" -f -a "remove" -d 'Remove one or more images'
complete -c orlop -n "__fish_orlop_using_subcommand image; and not __fish_seen_subcommand_from ls list pull push inspect history tag rm remove rmi save load import prune mount unmount umount help" -f -a "rmi" -d 'Remove one or more images'
complete -c orlop -n "__fish_orlop_using_subcommand image; and not __fish_seen_subcommand_from ls list pull push inspect history tag rm remove rmi save load import prune mount unmount umount help" -f -a "save" -d 'Save one or more images to a tar archive (streamed to STDOUT by default)'
complete -c orlop -n "__fish_orlop_using_subcommand image; and not __fish_seen_subcommand_from ls list pull push inspect history tag rm remove rmi save load import prune mount unmount umount help" -f -a "load" -d 'Load an image from a tar archive or STDIN'
complete -c orlop -n "__fish_orlop_using_subcommand image; and not __fish_seen_subcommand_from ls list pull push inspect history tag rm remove rmi save load import prune mount unmount umount help" -f -a "import" -d 'Import the contents from a tarball to create a filesystem image'
complete -c orlop -n "__fish_orlop_using_subcommand image; and not __fish_seen_subcommand_from ls list pull push inspect history tag rm remove rmi save load import prune mount unmount umount help" -f -a "prune" -d 'Remove unused images'
complete -c orlop -n "__fish_orlop_using_subcommand image; and not __fish_seen_subcommand_from ls list pull push inspect history tag rm remove rmi save load import prune mount unmount umount help" -f -a "mount" -d 'Mount an image\'s files at a directory'
complete -c orlop -n "__fish_orlop_using_subcommand image; and not __fish_seen_subcommand_from ls list pull push inspect history tag rm remove rmi save load import prune mount unmount umount help" -f -a "unmount" -d 'Unmount what `orlop mount` mounted'
complete -c orlop -n "__fish_orlop_using_subcommand image; and not __fish_seen_subcommand_from ls list pull push inspect history tag rm remove rmi save load import prune mount unmount umount help" -f -a "umount" -d 'Unmount what `orlop mount` mounted'
complete -c orlop -n "__fish_orlop_using_subcommand image; and not __fish_seen_subcommand_from ls list pull push inspect history tag rm remove rmi save load import prune mount unmount umount help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from ls" -s f -l filter -d 'Filter output: before=, dangling=, label=, reference=, since=, until=' -r
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from ls" -l format -d 'Format output using a custom template: \'table\':            Print output in table format with column headers (default) \'table TEMPLATE\':   Print output in table format using the given Go template \'json\':             Print in JSON format \'TEMPLATE\':         Print output using the given Go template' -r
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from ls" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from ls" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from ls" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from ls" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from ls" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from ls" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from ls" -s a -l all -d 'Show all images, also those that --tree hides because they have no name'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from ls" -l digests -d 'Show digests'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from ls" -l no-trunc -d 'Don\'t truncate output'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from ls" -s q -l quiet -d 'Only show image IDs'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from ls" -l tree -d 'List images with their platforms as a tree'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from ls" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from ls" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from list" -s f -l filter -d 'Filter output: before=, dangling=, label=, reference=, since=, until=' -r
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from list" -l format -d 'Format output using a custom template: \'table\':            Print output in table format with column headers (default) \'table TEMPLATE\':   Print output in table format using the given Go template \'json\':             Print in JSON format \'TEMPLATE\':         Print output using the given Go template' -r
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from list" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from list" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from list" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from list" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from list" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from list" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from list" -s a -l all -d 'Show all images, also those that --tree hides because they have no name'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from list" -l digests -d 'Show digests'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from list" -l no-trunc -d 'Don\'t truncate output'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Only show image IDs'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from list" -l tree -d 'List images with their platforms as a tree'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from list" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from pull" -l platform -d 'Pull this platform, or these: os[/arch[/variant]] [env: DOCKER_DEFAULT_PLATFORM]' -r
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from pull" -l disable-content-trust -d 'Accepted for docker\'s sake; nothing is skipped' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from pull" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from pull" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from pull" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from pull" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from pull" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from pull" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from pull" -s a -l all-tags -d 'Download all tagged images in the repository'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from pull" -l all-platforms -d 'Pull all platforms of the image'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from pull" -s q -l quiet -d 'Suppress verbose output'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from pull" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from pull" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from push" -l platform -d 'Push only this platform of a multi-platform image, without its index: os[/arch[/variant]]' -r
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from push" -l disable-content-trust -d 'Accepted for docker\'s sake; nothing is skipped' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from push" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from push" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from push" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from push" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from push" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from push" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from push" -s a -l all-tags -d 'Push all tags of an image to the repository'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from push" -s q -l quiet -d 'Suppress verbose output'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from push" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from push" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from inspect" -s f -l format -d 'Format output using a custom template: \'json\':             Print in JSON format \'TEMPLATE\':         Print output using the given Go template' -r
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from inspect" -l platform -d 'Inspect this platform of a multi-platform image: os[/arch[/variant]]' -r
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from inspect" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from inspect" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from inspect" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from inspect" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from inspect" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from inspect" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from inspect" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from inspect" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from history" -l format -d 'Format output using a custom template: \'table\':            Print output in table format with column headers (default) \'table TEMPLATE\':   Print output in table format using the given Go template \'json\':             Print in JSON format \'TEMPLATE\':         Print output using the given Go template' -r
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from history" -s H -l human -d 'Print sizes and dates in human readable format' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from history" -l platform -d 'Show the history of this platform: os[/arch[/variant]]' -r
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from history" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from history" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from history" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from history" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from history" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from history" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from history" -l files -d 'Show the files that each step added (A), changed (C) or deleted (D), with their sizes'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from history" -l json -d 'Print the steps as a JSON list, with --files also their files'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from history" -l no-trunc -d 'Don\'t truncate output'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from history" -s q -l quiet -d 'Only show image IDs'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from history" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from history" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from tag" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from tag" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from tag" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from tag" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from tag" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from tag" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from tag" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from tag" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from tag" -a "log" -d 'Show which digests a name had, and since when'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from tag" -a "ls" -d 'List the tags of a repository'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from rm" -l platform -d 'Remove only this platform of the image: os[/arch[/variant]]' -r
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from rm" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from rm" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from rm" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from rm" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from rm" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from rm" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from rm" -s f -l force -d 'Force removal of the image'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from rm" -l no-prune -d 'Do not delete untagged parents'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from rm" -l no-undo -d 'Free the space at once, whatever store.undo_for says'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from rm" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from rm" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from remove" -l platform -d 'Remove only this platform of the image: os[/arch[/variant]]' -r
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from remove" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from remove" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from remove" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from remove" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from remove" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from remove" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from remove" -s f -l force -d 'Force removal of the image'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from remove" -l no-prune -d 'Do not delete untagged parents'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from remove" -l no-undo -d 'Free the space at once, whatever store.undo_for says'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from remove" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from rmi" -l platform -d 'Remove only this platform of the image: os[/arch[/variant]]' -r
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from rmi" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from rmi" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from rmi" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from rmi" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from rmi" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from rmi" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from rmi" -s f -l force -d 'Force removal of the image'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from rmi" -l no-prune -d 'Do not delete untagged parents'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from rmi" -l no-undo -d 'Free the space at once, whatever store.undo_for says'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from rmi" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from rmi" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from save" -s o -l output -d 'Write to a file (for oci-dir a directory), instead of standard output' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from save" -l platform -d 'Save only this platform, or these: os[/arch[/variant]]' -r
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from save" -l compress -d 'Compress the archive as a whole' -r -f -a "gzip\t'gzip'
zstd\t'zstd'"
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from save" -l format -d 'What to write' -r -f -a "docker-archive\t'An archive that docker and every OCI tool read'
oci-archive\t'An OCI archive'
oci-dir\t'An OCI layout, as a directory; images are added to one that is there'"
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from save" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from save" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from save" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from save" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from save" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from save" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from save" -s q -l quiet -d 'Suppress verbose output'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from save" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from save" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from load" -s i -l input -d 'Read from an archive file or a layout directory, instead of standard input' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from load" -l platform -d 'Load only this platform, or these: os[/arch[/variant]]' -r
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from load" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from load" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from load" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from load" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from load" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from load" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from load" -s q -l quiet -d 'Suppress the load output'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from load" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from load" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from import" -s c -l change -d 'Apply a Dockerfile instruction to the created image' -r
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from import" -s m -l message -d 'Set commit message for imported image' -r
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from import" -l platform -d 'Set the platform of the image: os[/arch[/variant]]' -r
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from import" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from import" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from import" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from import" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from import" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from import" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from import" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from import" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from prune" -l filter -d 'Provide filter values: label=, label!=, until=' -r
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from prune" -l keep-last -d 'Keep the N newest images of each repository, and remove the others too' -r
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from prune" -l keep-tag -d 'Keep images with a tag that matches, and remove the others too: a glob, or /REGEX/' -r
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from prune" -l unused-for -d 'Remove images that weren\'t pulled, pushed, tagged or mounted for so long: 14d, 36h' -r
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from prune" -l free -d 'Remove the least recently used until so much of the disk is free: 20GB' -r
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from prune" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from prune" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from prune" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from prune" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from prune" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from prune" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from prune" -s a -l all -d 'Remove all unused images, not just dangling ones'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from prune" -s f -l force -d 'Do not prompt for confirmation'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from prune" -l dry-run -d 'Change nothing, and say what would be removed and why'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from prune" -l no-undo -d 'Free the space at once, that of earlier removals too, whatever store.undo_for says'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from prune" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from prune" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from mount" -l platform -d 'Mount this platform of a multi-platform image: os[/arch[/variant]]' -r
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from mount" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from mount" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from mount" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from mount" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from mount" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from mount" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from mount" -l rw -d 'Allow writing, into a layer that unmounting throws away'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from mount" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from mount" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from unmount" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from unmount" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from unmount" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from unmount" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from unmount" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from unmount" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from unmount" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from unmount" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from umount" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from umount" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from umount" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from umount" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from umount" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from umount" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from umount" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from umount" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from help" -f -a "ls" -d 'List images'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from help" -f -a "pull" -d 'Download an image from a registry'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from help" -f -a "push" -d 'Upload an image to a registry'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from help" -f -a "inspect" -d 'Display detailed information on one or more images'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from help" -f -a "history" -d 'Show the history of an image'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from help" -f -a "tag" -d 'Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from help" -f -a "rm" -d 'Remove one or more images'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from help" -f -a "save" -d 'Save one or more images to a tar archive (streamed to STDOUT by default)'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from help" -f -a "load" -d 'Load an image from a tar archive or STDIN'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from help" -f -a "import" -d 'Import the contents from a tarball to create a filesystem image'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from help" -f -a "prune" -d 'Remove unused images'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from help" -f -a "mount" -d 'Mount an image\'s files at a directory'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from help" -f -a "unmount" -d 'Unmount what `orlop mount` mounted'
complete -c orlop -n "__fish_orlop_using_subcommand image; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c orlop -n "__fish_orlop_using_subcommand mutate" -s t -l tag -d 'Where the edited image goes; without it, to where the image is' -r
complete -c orlop -n "__fish_orlop_using_subcommand mutate" -l platform -d 'Of an image for several platforms, edit only these; the others stay: os[/arch[/variant]]' -r
complete -c orlop -n "__fish_orlop_using_subcommand mutate" -s e -l env -d 'Set a variable' -r
complete -c orlop -n "__fish_orlop_using_subcommand mutate" -s l -l label -d 'Set a label' -r
complete -c orlop -n "__fish_orlop_using_subcommand mutate" -s a -l annotation -d 'Set an annotation' -r
complete -c orlop -n "__fish_orlop_using_subcommand mutate" -l entrypoint -d 'Set the program: words with commas between them, or a list in JSON; empty for none' -r
complete -c orlop -n "__fish_orlop_using_subcommand mutate" -l cmd -d 'Set its arguments, likewise' -r
complete -c orlop -n "__fish_orlop_using_subcommand mutate" -s w -l workdir -d 'Set where it starts; empty for nowhere special' -r
complete -c orlop -n "__fish_orlop_using_subcommand mutate" -s u -l user -d 'Set as whom it starts; empty for root' -r
complete -c orlop -n "__fish_orlop_using_subcommand mutate" -l exposed-ports -d 'Set all its ports; empty for none' -r
complete -c orlop -n "__fish_orlop_using_subcommand mutate" -l set-platform -d 'Say that it runs on another platform: os/arch[/variant]' -r
complete -c orlop -n "__fish_orlop_using_subcommand mutate" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand mutate" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand mutate" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand mutate" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand mutate" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand mutate" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand mutate" -s q -l quiet -d 'Print only the result'
complete -c orlop -n "__fish_orlop_using_subcommand mutate" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand mutate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand append" -s b -l base -d 'Image to append to; without it, an empty one' -r
complete -c orlop -n "__fish_orlop_using_subcommand append" -s f -l new-layer -d 'Tar archive to append, - for standard input; may be repeated, the lowest first' -r
complete -c orlop -n "__fish_orlop_using_subcommand append" -s t -l new-tag -d 'Where the image goes' -r
complete -c orlop -n "__fish_orlop_using_subcommand append" -l platform -d 'Of a base for several platforms, append only to these; without a base, what it runs on' -r
complete -c orlop -n "__fish_orlop_using_subcommand append" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand append" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand append" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand append" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand append" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand append" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand append" -l set-base-image-annotations -d 'Note the base in the annotations org.opencontainers.image.base.*'
complete -c orlop -n "__fish_orlop_using_subcommand append" -s q -l quiet -d 'Print only the result'
complete -c orlop -n "__fish_orlop_using_subcommand append" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand append" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand rebase" -s t -l tag -d 'Where the edited image goes; without it, to where the image is' -r
complete -c orlop -n "__fish_orlop_using_subcommand rebase" -l platform -d 'Of an image for several platforms, edit only these; the others stay: os[/arch[/variant]]' -r
complete -c orlop -n "__fish_orlop_using_subcommand rebase" -l old-base -d 'Old base image to remove' -r
complete -c orlop -n "__fish_orlop_using_subcommand rebase" -l new-base -d 'New base image to insert' -r
complete -c orlop -n "__fish_orlop_using_subcommand rebase" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand rebase" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand rebase" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand rebase" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand rebase" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand rebase" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand rebase" -s q -l quiet -d 'Print only the result'
complete -c orlop -n "__fish_orlop_using_subcommand rebase" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand rebase" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand flatten" -s t -l tag -d 'Where the edited image goes; without it, to where the image is' -r
complete -c orlop -n "__fish_orlop_using_subcommand flatten" -l platform -d 'Of an image for several platforms, edit only these; the others stay: os[/arch[/variant]]' -r
complete -c orlop -n "__fish_orlop_using_subcommand flatten" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand flatten" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand flatten" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand flatten" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand flatten" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand flatten" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand flatten" -s q -l quiet -d 'Print only the result'
complete -c orlop -n "__fish_orlop_using_subcommand flatten" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand flatten" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and not __fish_seen_subcommand_from annotate create delete get head inspect push put rm help" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and not __fish_seen_subcommand_from annotate create delete get head inspect push put rm help" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and not __fish_seen_subcommand_from annotate create delete get head inspect push put rm help" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and not __fish_seen_subcommand_from annotate create delete get head inspect push put rm help" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and not __fish_seen_subcommand_from annotate create delete get head inspect push put rm help" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and not __fish_seen_subcommand_from annotate create delete get head inspect push put rm help" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and not __fish_seen_subcommand_from annotate create delete get head inspect push put rm help" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and not __fish_seen_subcommand_from annotate create delete get head inspect push put rm help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and not __fish_seen_subcommand_from annotate create delete get head inspect push put rm help" -f -a "annotate" -d 'Add additional information to a local image manifest'
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and not __fish_seen_subcommand_from annotate create delete get head inspect push put rm help" -f -a "create" -d 'Create a local manifest list for annotating and pushing to a registry'
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and not __fish_seen_subcommand_from annotate create delete get head inspect push put rm help" -f -a "delete" -d 'Delete manifests or tags in a registry'
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and not __fish_seen_subcommand_from annotate create delete get head inspect push put rm help" -f -a "get" -d 'Print a manifest or manifest list, byte for byte'
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and not __fish_seen_subcommand_from annotate create delete get head inspect push put rm help" -f -a "head" -d 'Print the digest of a manifest or manifest list'
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and not __fish_seen_subcommand_from annotate create delete get head inspect push put rm help" -f -a "inspect" -d 'Display an image manifest, or manifest list'
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and not __fish_seen_subcommand_from annotate create delete get head inspect push put rm help" -f -a "push" -d 'Push a manifest list to a repository'
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and not __fish_seen_subcommand_from annotate create delete get head inspect push put rm help" -f -a "put" -d 'Put a manifest or manifest list into a registry'
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and not __fish_seen_subcommand_from annotate create delete get head inspect push put rm help" -f -a "rm" -d 'Delete one or more manifest lists from local storage'
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and not __fish_seen_subcommand_from annotate create delete get head inspect push put rm help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from annotate" -l arch -d 'Set architecture' -r
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from annotate" -l os -d 'Set operating system' -r
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from annotate" -l os-features -d 'Set operating system feature' -r
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from annotate" -l os-version -d 'Set operating system version' -r
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from annotate" -l variant -d 'Set architecture variant' -r
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from annotate" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from annotate" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from annotate" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from annotate" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from annotate" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from annotate" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from annotate" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from annotate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from create" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from create" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from create" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from create" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from create" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from create" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from create" -s a -l amend -d 'Amend an existing manifest list'
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from create" -l insecure -d 'Allow communication with an insecure registry'
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from create" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from delete" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from delete" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from delete" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from delete" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from delete" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from delete" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from delete" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from get" -l platform -d 'The manifest of this platform and not the index: os[/arch[/variant]]' -r
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from get" -s o -l output -d 'Write to a file, instead of STDOUT' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from get" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from get" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from get" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from get" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from get" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from get" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from get" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from get" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from head" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from head" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from head" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from head" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from head" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from head" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from head" -l json -d 'Print its descriptor: media type, digest and size'
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from head" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from head" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from inspect" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from inspect" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from inspect" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from inspect" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from inspect" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from inspect" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from inspect" -s v -l verbose -d 'Output additional info including layers and platform'
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from inspect" -l insecure -d 'Allow communication with an insecure registry'
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from inspect" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from inspect" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from push" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from push" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from push" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from push" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from push" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from push" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from push" -s p -l purge -d 'Remove the local manifest list after push'
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from push" -l insecure -d 'Allow push to an insecure registry'
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from push" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from push" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from put" -l media-type -d 'Its media type, where it doesn\'t say so itself' -r
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from put" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from put" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from put" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from put" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from put" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from put" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from put" -s q -l quiet -d 'Print only the digest'
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from put" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from put" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from rm" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from rm" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from rm" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from rm" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from rm" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from rm" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from rm" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from rm" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from help" -f -a "annotate" -d 'Add additional information to a local image manifest'
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from help" -f -a "create" -d 'Create a local manifest list for annotating and pushing to a registry'
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from help" -f -a "delete" -d 'Delete manifests or tags in a registry'
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from help" -f -a "get" -d 'Print a manifest or manifest list, byte for byte'
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from help" -f -a "head" -d 'Print the digest of a manifest or manifest list'
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from help" -f -a "inspect" -d 'Display an image manifest, or manifest list'
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from help" -f -a "push" -d 'Push a manifest list to a repository'
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from help" -f -a "put" -d 'Put a manifest or manifest list into a registry'
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from help" -f -a "rm" -d 'Delete one or more manifest lists from local storage'
complete -c orlop -n "__fish_orlop_using_subcommand manifest; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c orlop -n "__fish_orlop_using_subcommand buildx; and not __fish_seen_subcommand_from imagetools help" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand buildx; and not __fish_seen_subcommand_from imagetools help" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand buildx; and not __fish_seen_subcommand_from imagetools help" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand buildx; and not __fish_seen_subcommand_from imagetools help" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand buildx; and not __fish_seen_subcommand_from imagetools help" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand buildx; and not __fish_seen_subcommand_from imagetools help" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand buildx; and not __fish_seen_subcommand_from imagetools help" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand buildx; and not __fish_seen_subcommand_from imagetools help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand buildx; and not __fish_seen_subcommand_from imagetools help" -f -a "imagetools" -d 'Commands to work on images in registry'
complete -c orlop -n "__fish_orlop_using_subcommand buildx; and not __fish_seen_subcommand_from imagetools help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c orlop -n "__fish_orlop_using_subcommand buildx; and __fish_seen_subcommand_from imagetools" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand buildx; and __fish_seen_subcommand_from imagetools" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand buildx; and __fish_seen_subcommand_from imagetools" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand buildx; and __fish_seen_subcommand_from imagetools" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand buildx; and __fish_seen_subcommand_from imagetools" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand buildx; and __fish_seen_subcommand_from imagetools" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand buildx; and __fish_seen_subcommand_from imagetools" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand buildx; and __fish_seen_subcommand_from imagetools" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand buildx; and __fish_seen_subcommand_from imagetools" -f -a "create" -d 'Create a new image based on source images'
complete -c orlop -n "__fish_orlop_using_subcommand buildx; and __fish_seen_subcommand_from imagetools" -f -a "inspect" -d 'Show details of an image in the registry'
complete -c orlop -n "__fish_orlop_using_subcommand buildx; and __fish_seen_subcommand_from imagetools" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c orlop -n "__fish_orlop_using_subcommand buildx; and __fish_seen_subcommand_from help" -f -a "imagetools" -d 'Commands to work on images in registry'
complete -c orlop -n "__fish_orlop_using_subcommand buildx; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c orlop -n "__fish_orlop_using_subcommand scout; and not __fish_seen_subcommand_from cache cves db quickview sbom why help" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand scout; and not __fish_seen_subcommand_from cache cves db quickview sbom why help" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand scout; and not __fish_seen_subcommand_from cache cves db quickview sbom why help" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand scout; and not __fish_seen_subcommand_from cache cves db quickview sbom why help" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand scout; and not __fish_seen_subcommand_from cache cves db quickview sbom why help" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand scout; and not __fish_seen_subcommand_from cache cves db quickview sbom why help" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand scout; and not __fish_seen_subcommand_from cache cves db quickview sbom why help" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand scout; and not __fish_seen_subcommand_from cache cves db quickview sbom why help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand scout; and not __fish_seen_subcommand_from cache cves db quickview sbom why help" -f -a "cache" -d 'Manage the local cache: show its size, or prune it'
complete -c orlop -n "__fish_orlop_using_subcommand scout; and not __fish_seen_subcommand_from cache cves db quickview sbom why help" -f -a "cves" -d 'Display CVEs identified in a software artifact'
complete -c orlop -n "__fish_orlop_using_subcommand scout; and not __fish_seen_subcommand_from cache cves db quickview sbom why help" -f -a "db" -d 'Manage the database of advisories'
complete -c orlop -n "__fish_orlop_using_subcommand scout; and not __fish_seen_subcommand_from cache cves db quickview sbom why help" -f -a "quickview" -d 'Quick overview of an image: its vulnerabilities, and those of its base image'
complete -c orlop -n "__fish_orlop_using_subcommand scout; and not __fish_seen_subcommand_from cache cves db quickview sbom why help" -f -a "sbom" -d 'Generate or display the SBOM of an image'
complete -c orlop -n "__fish_orlop_using_subcommand scout; and not __fish_seen_subcommand_from cache cves db quickview sbom why help" -f -a "why" -d 'Show why a CVE is found in an image, or isn\'t'
complete -c orlop -n "__fish_orlop_using_subcommand scout; and not __fish_seen_subcommand_from cache cves db quickview sbom why help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from cache" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from cache" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from cache" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from cache" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from cache" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from cache" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from cache" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from cache" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from cache" -f -a "df" -d 'Show disk usage'
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from cache" -f -a "prune" -d 'Remove temporary or cached data'
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from cache" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from cves" -l platform -d 'Scan the image of this platform: os[/arch[/variant]]' -r
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from cves" -l ref -d 'Name of the image meant, where an archive or layout holds several' -r
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from cves" -l as-of -d 'Judge with what was known at the end of this day, or at this time' -r
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from cves" -l epss-date -d 'Use the EPSS scores of this day, and fail where the database has those of another' -r
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from cves" -l epss-percentile -d 'Only CVEs with at least this EPSS percentile (0 to 1)' -r
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from cves" -l epss-score -d 'Only CVEs with at least this EPSS score (0 to 1)' -r
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from cves" -l format -d 'How to answer' -r -f -a "packages\t'Text, grouped by packages'
json\t'One object, stable, for programs'
only-packages\t'A table of packages'
sarif\t'SARIF 2.1.0, for code scanning'
spdx\t'SPDX 2.3, with an advisory for each CVE'
gitlab\t'GitLab\'s report of container scanning'
markdown\t'For comments and summaries on GitHub'
sbom\t'The SBOM as `scout sbom` has it, with the CVEs'"
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from cves" -l only-cve-id -d 'Only these CVEs' -r
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from cves" -l only-metric -d 'Only CVEs with all of these CVSS metrics (AV:N, PR:L, …)' -r
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from cves" -l only-package -d 'Only packages whose name a regular expression matches' -r
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from cves" -l only-package-type -d 'Only packages of these types: apk, deb, rpm, pypi, npm, golang, …' -r
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from cves" -l only-stage -d 'Only these stages of the build, and not the image that came of it' -r
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from cves" -l only-severity -d 'Only CVEs of these severities: critical, high, medium, low, unspecified' -r
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from cves" -s o -l output -d 'Write the report to a file' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from cves" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from cves" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from cves" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from cves" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from cves" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from cves" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from cves" -l declared -d 'Look for what is only declared too: lock files'
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from cves" -l details -d 'Print details: description, CVSS, aliases, dates, advisories'
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from cves" -l epss -d 'Print EPSS scores, and sort the CVEs of a package by them'
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from cves" -s e -l exit-code -d 'Exit with 2 if vulnerabilities are detected'
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from cves" -l ignore-base -d 'Leave out the packages of the base image'
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from cves" -l locations -d 'Print the places of packages: path, layer, and the instruction that made the layer'
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from cves" -l multi-stage -d 'Look at the stages of the build too whose SBOMs BuildKit attached to the image'
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from cves" -l only-base -d 'Only the packages of the base image'
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from cves" -l only-cisa-kev -d 'Only CVEs that are known to be exploited (CISA KEV)'
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from cves" -l only-fixed -d 'Only CVEs with a fix'
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from cves" -l only-unfixed -d 'Only CVEs without a fix'
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from cves" -l only-vuln-packages -d 'With --format only-packages: leave out packages without vulnerabilities'
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from cves" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from cves" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from db" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from db" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from db" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from db" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from db" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from db" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from db" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from db" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from db" -f -a "import" -d 'Make the database from files and folders of advisories'
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from db" -f -a "pull" -d 'Pull the database from a registry'
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from db" -f -a "push" -d 'Push the database to a registry'
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from db" -f -a "status" -d 'Show what the database holds, and how old it is'
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from db" -f -a "update" -d 'Fetch advisories and make the database from them'
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from db" -f -a "verify" -d 'Read all of the database and compare it with its checksums'
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from db" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from quickview" -l platform -d 'Scan the image of this platform: os[/arch[/variant]]' -r
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from quickview" -l ref -d 'Name of the image meant, where an archive or layout holds several' -r
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from quickview" -l as-of -d 'Judge with what was known at the end of this day, or at this time' -r
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from quickview" -l format -d 'How to answer' -r -f -a "text\t'For people'
json\t'One object, for programs'"
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from quickview" -s o -l output -d 'Write the report to a file' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from quickview" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from quickview" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from quickview" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from quickview" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from quickview" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from quickview" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from quickview" -l declared -d 'Look for what is only declared too: lock files'
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from quickview" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from quickview" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from sbom" -l platform -d 'Scan the image of this platform: os[/arch[/variant]]' -r
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from sbom" -l ref -d 'Name of the image meant, where an archive or layout holds several' -r
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from sbom" -l format -d 'Output format: list, json, spdx, cyclonedx, syft-json' -r
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from sbom" -l only-package-type -d 'Only packages of these types: apk, deb, rpm, pypi, npm, golang, …' -r
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from sbom" -s o -l output -d 'Write the document to a file' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from sbom" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from sbom" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from sbom" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from sbom" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from sbom" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from sbom" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from sbom" -l declared -d 'Look for what is only declared too: lock files'
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from sbom" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from sbom" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from why" -l platform -d 'Scan the image of this platform: os[/arch[/variant]]' -r
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from why" -l ref -d 'Name of the image meant, where an archive or layout holds several' -r
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from why" -l as-of -d 'Judge with what was known at the end of this day, or at this time' -r
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from why" -l format -d 'How to answer' -r -f -a "text\t'For people'
json\t'A list of objects'"
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from why" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from why" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from why" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from why" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from why" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from why" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from why" -l declared -d 'Look for what is only declared too: lock files'
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from why" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from why" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from help" -f -a "cache" -d 'Manage the local cache: show its size, or prune it'
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from help" -f -a "cves" -d 'Display CVEs identified in a software artifact'
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from help" -f -a "db" -d 'Manage the database of advisories'
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from help" -f -a "quickview" -d 'Quick overview of an image: its vulnerabilities, and those of its base image'
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from help" -f -a "sbom" -d 'Generate or display the SBOM of an image'
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from help" -f -a "why" -d 'Show why a CVE is found in an image, or isn\'t'
complete -c orlop -n "__fish_orlop_using_subcommand scout; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c orlop -n "__fish_orlop_using_subcommand search" -s f -l filter -d 'Filter output: is-official=, stars=' -r
complete -c orlop -n "__fish_orlop_using_subcommand search" -l format -d 'Format output using a custom template: \'table\':            Print output in table format with column headers (default) \'table TEMPLATE\':   Print output in table format using the given Go template \'json\':             Print in JSON format \'TEMPLATE\':         Print output using the given Go template' -r
complete -c orlop -n "__fish_orlop_using_subcommand search" -l limit -d 'Max number of search results' -r
complete -c orlop -n "__fish_orlop_using_subcommand search" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand search" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand search" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand search" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand search" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand search" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand search" -l no-trunc -d 'Don\'t truncate output'
complete -c orlop -n "__fish_orlop_using_subcommand search" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand search" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand official" -l from -d 'Where from: the address of an archive, an archive, or a directory' -r
complete -c orlop -n "__fish_orlop_using_subcommand official" -l format -d 'Format output using a custom template: \'table\':            Print output in table format with column headers (default) \'table TEMPLATE\':   Print output in table format using the given Go template \'json\':             Print in JSON format \'TEMPLATE\':         Print output using the given Go template' -r
complete -c orlop -n "__fish_orlop_using_subcommand official" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand official" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand official" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand official" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand official" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand official" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand official" -l refresh -d 'Fetch the catalogue of official images first'
complete -c orlop -n "__fish_orlop_using_subcommand official" -l local -d 'Ask no registry'
complete -c orlop -n "__fish_orlop_using_subcommand official" -l no-trunc -d 'Don\'t truncate output'
complete -c orlop -n "__fish_orlop_using_subcommand official" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand official" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand digest" -l platform -d 'The digest of this platform\'s manifest and not of the index: os[/arch[/variant]]' -r
complete -c orlop -n "__fish_orlop_using_subcommand digest" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand digest" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand digest" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand digest" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand digest" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand digest" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand digest" -l full-ref -d 'Print the whole name, with the digest in place of the tag'
complete -c orlop -n "__fish_orlop_using_subcommand digest" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand digest" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand referrers" -l artifact-type -d 'Show only this kind' -r
complete -c orlop -n "__fish_orlop_using_subcommand referrers" -l platform -d 'What speaks of this platform\'s manifest and not of the index: os[/arch[/variant]]' -r
complete -c orlop -n "__fish_orlop_using_subcommand referrers" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand referrers" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand referrers" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand referrers" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand referrers" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand referrers" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand referrers" -l json -d 'Print one JSON object'
complete -c orlop -n "__fish_orlop_using_subcommand referrers" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand referrers" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand attach" -l artifact-type -d 'The kind of artifact' -r
complete -c orlop -n "__fish_orlop_using_subcommand attach" -s a -l annotation -d 'A note on the artifact' -r
complete -c orlop -n "__fish_orlop_using_subcommand attach" -l platform -d 'Attach to this platform\'s manifest and not to the index: os[/arch[/variant]]' -r
complete -c orlop -n "__fish_orlop_using_subcommand attach" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand attach" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand attach" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand attach" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand attach" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand attach" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand attach" -s q -l quiet -d 'Print only the artifact\'s digest'
complete -c orlop -n "__fish_orlop_using_subcommand attach" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand attach" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand validate" -l platform -d 'Only the manifest of this platform: os[/arch[/variant]]' -r
complete -c orlop -n "__fish_orlop_using_subcommand validate" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand validate" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand validate" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand validate" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand validate" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand validate" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand validate" -l fast -d 'Don\'t read layers: only ask whether they are there, and how long'
complete -c orlop -n "__fish_orlop_using_subcommand validate" -l json -d 'Print one JSON object'
complete -c orlop -n "__fish_orlop_using_subcommand validate" -s q -l quiet -d 'Print only what is wrong'
complete -c orlop -n "__fish_orlop_using_subcommand validate" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand validate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand blob; and not __fish_seen_subcommand_from get help" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand blob; and not __fish_seen_subcommand_from get help" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand blob; and not __fish_seen_subcommand_from get help" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand blob; and not __fish_seen_subcommand_from get help" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand blob; and not __fish_seen_subcommand_from get help" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand blob; and not __fish_seen_subcommand_from get help" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand blob; and not __fish_seen_subcommand_from get help" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand blob; and not __fish_seen_subcommand_from get help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand blob; and not __fish_seen_subcommand_from get help" -f -a "get" -d 'Download a blob (streamed to STDOUT by default)'
complete -c orlop -n "__fish_orlop_using_subcommand blob; and not __fish_seen_subcommand_from get help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c orlop -n "__fish_orlop_using_subcommand blob; and __fish_seen_subcommand_from get" -s o -l output -d 'Write to a file, instead of STDOUT' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand blob; and __fish_seen_subcommand_from get" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand blob; and __fish_seen_subcommand_from get" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand blob; and __fish_seen_subcommand_from get" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand blob; and __fish_seen_subcommand_from get" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand blob; and __fish_seen_subcommand_from get" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand blob; and __fish_seen_subcommand_from get" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand blob; and __fish_seen_subcommand_from get" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand blob; and __fish_seen_subcommand_from get" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand blob; and __fish_seen_subcommand_from help" -f -a "get" -d 'Download a blob (streamed to STDOUT by default)'
complete -c orlop -n "__fish_orlop_using_subcommand blob; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c orlop -n "__fish_orlop_using_subcommand pin" -l type -d 'Read the files as dockerfile, compose, kubernetes or workflow' -r
complete -c orlop -n "__fish_orlop_using_subcommand pin" -l ignore -d 'Leave these references alone; `*` stands for anything but a slash' -r
complete -c orlop -n "__fish_orlop_using_subcommand pin" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand pin" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand pin" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand pin" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand pin" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand pin" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand pin" -l check -d 'Fail when a reference isn\'t pinned, and write nothing'
complete -c orlop -n "__fish_orlop_using_subcommand pin" -s u -l update -d 'Renew digests whose tags have moved'
complete -c orlop -n "__fish_orlop_using_subcommand pin" -l dry-run -d 'Show what would change as a unified diff, and write nothing'
complete -c orlop -n "__fish_orlop_using_subcommand pin" -l local -d 'Take digests from this store instead of registries'
complete -c orlop -n "__fish_orlop_using_subcommand pin" -s q -l quiet -d 'Say nothing of what was done'
complete -c orlop -n "__fish_orlop_using_subcommand pin" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand pin" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand login" -s p -l password -d 'Password or access token, or "-" to read it from stdin' -r
complete -c orlop -n "__fish_orlop_using_subcommand login" -s u -l username -d 'Username' -r
complete -c orlop -n "__fish_orlop_using_subcommand login" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand login" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand login" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand login" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand login" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand login" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand login" -l password-stdin -d 'Take the password or access token from stdin'
complete -c orlop -n "__fish_orlop_using_subcommand login" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand login" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand logout" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand logout" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand logout" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand logout" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand logout" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand logout" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand logout" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand logout" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand mount" -l platform -d 'Mount this platform of a multi-platform image: os[/arch[/variant]]' -r
complete -c orlop -n "__fish_orlop_using_subcommand mount" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand mount" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand mount" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand mount" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand mount" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand mount" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand mount" -l rw -d 'Allow writing, into a layer that unmounting throws away'
complete -c orlop -n "__fish_orlop_using_subcommand mount" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand mount" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand umount" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand umount" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand umount" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand umount" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand umount" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand umount" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand umount" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand umount" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand unmount" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand unmount" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand unmount" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand unmount" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand unmount" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand unmount" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand unmount" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand unmount" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand unshare" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand unshare" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand unshare" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand unshare" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand unshare" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand unshare" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand unshare" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand unshare" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand system; and not __fish_seen_subcommand_from df info prune repair help" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand system; and not __fish_seen_subcommand_from df info prune repair help" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand system; and not __fish_seen_subcommand_from df info prune repair help" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand system; and not __fish_seen_subcommand_from df info prune repair help" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand system; and not __fish_seen_subcommand_from df info prune repair help" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand system; and not __fish_seen_subcommand_from df info prune repair help" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand system; and not __fish_seen_subcommand_from df info prune repair help" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand system; and not __fish_seen_subcommand_from df info prune repair help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand system; and not __fish_seen_subcommand_from df info prune repair help" -f -a "df" -d 'Show disk usage'
complete -c orlop -n "__fish_orlop_using_subcommand system; and not __fish_seen_subcommand_from df info prune repair help" -f -a "info" -d 'Display system-wide information'
complete -c orlop -n "__fish_orlop_using_subcommand system; and not __fish_seen_subcommand_from df info prune repair help" -f -a "prune" -d 'Remove unused data'
complete -c orlop -n "__fish_orlop_using_subcommand system; and not __fish_seen_subcommand_from df info prune repair help" -f -a "repair" -d 'Find damage in the store, and repair it'
complete -c orlop -n "__fish_orlop_using_subcommand system; and not __fish_seen_subcommand_from df info prune repair help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c orlop -n "__fish_orlop_using_subcommand system; and __fish_seen_subcommand_from df" -l format -d 'Format output using a custom template: \'table\':            Print output in table format with column headers (default) \'table TEMPLATE\':   Print output in table format using the given Go template \'json\':             Print in JSON format \'TEMPLATE\':         Print output using the given Go template' -r
complete -c orlop -n "__fish_orlop_using_subcommand system; and __fish_seen_subcommand_from df" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand system; and __fish_seen_subcommand_from df" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand system; and __fish_seen_subcommand_from df" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand system; and __fish_seen_subcommand_from df" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand system; and __fish_seen_subcommand_from df" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand system; and __fish_seen_subcommand_from df" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand system; and __fish_seen_subcommand_from df" -s v -l verbose -d 'Show detailed information on space usage'
complete -c orlop -n "__fish_orlop_using_subcommand system; and __fish_seen_subcommand_from df" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand system; and __fish_seen_subcommand_from df" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand system; and __fish_seen_subcommand_from info" -s f -l format -d 'Format output using a custom template: \'json\':             Print in JSON format \'TEMPLATE\':         Print output using the given Go template' -r
complete -c orlop -n "__fish_orlop_using_subcommand system; and __fish_seen_subcommand_from info" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand system; and __fish_seen_subcommand_from info" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand system; and __fish_seen_subcommand_from info" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand system; and __fish_seen_subcommand_from info" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand system; and __fish_seen_subcommand_from info" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand system; and __fish_seen_subcommand_from info" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand system; and __fish_seen_subcommand_from info" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand system; and __fish_seen_subcommand_from info" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand system; and __fish_seen_subcommand_from prune" -l filter -d 'Provide filter values: label=, label!=, until=' -r
complete -c orlop -n "__fish_orlop_using_subcommand system; and __fish_seen_subcommand_from prune" -l keep-last -d 'Keep the N newest images of each repository, and remove the others too' -r
complete -c orlop -n "__fish_orlop_using_subcommand system; and __fish_seen_subcommand_from prune" -l keep-tag -d 'Keep images with a tag that matches, and remove the others too: a glob, or /REGEX/' -r
complete -c orlop -n "__fish_orlop_using_subcommand system; and __fish_seen_subcommand_from prune" -l unused-for -d 'Remove images that weren\'t pulled, pushed, tagged or mounted for so long: 14d, 36h' -r
complete -c orlop -n "__fish_orlop_using_subcommand system; and __fish_seen_subcommand_from prune" -l free -d 'Remove the least recently used until so much of the disk is free: 20GB' -r
complete -c orlop -n "__fish_orlop_using_subcommand system; and __fish_seen_subcommand_from prune" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand system; and __fish_seen_subcommand_from prune" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand system; and __fish_seen_subcommand_from prune" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand system; and __fish_seen_subcommand_from prune" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand system; and __fish_seen_subcommand_from prune" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand system; and __fish_seen_subcommand_from prune" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand system; and __fish_seen_subcommand_from prune" -s a -l all -d 'Remove all unused images, not just dangling ones'
complete -c orlop -n "__fish_orlop_using_subcommand system; and __fish_seen_subcommand_from prune" -s f -l force -d 'Do not prompt for confirmation'
complete -c orlop -n "__fish_orlop_using_subcommand system; and __fish_seen_subcommand_from prune" -l dry-run -d 'Change nothing, and say what would be removed and why'
complete -c orlop -n "__fish_orlop_using_subcommand system; and __fish_seen_subcommand_from prune" -l no-undo -d 'Free the space at once, that of earlier removals too, whatever store.undo_for says'
complete -c orlop -n "__fish_orlop_using_subcommand system; and __fish_seen_subcommand_from prune" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand system; and __fish_seen_subcommand_from prune" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand system; and __fish_seen_subcommand_from repair" -l threads -d 'How many blobs are read at a time [default: one for each processor]' -r
complete -c orlop -n "__fish_orlop_using_subcommand system; and __fish_seen_subcommand_from repair" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand system; and __fish_seen_subcommand_from repair" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand system; and __fish_seen_subcommand_from repair" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand system; and __fish_seen_subcommand_from repair" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand system; and __fish_seen_subcommand_from repair" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand system; and __fish_seen_subcommand_from repair" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand system; and __fish_seen_subcommand_from repair" -l fast -d 'Look at sizes of blobs and whether layers are there, and read nothing'
complete -c orlop -n "__fish_orlop_using_subcommand system; and __fish_seen_subcommand_from repair" -l dry-run -d 'Change nothing, and say what is damaged'
complete -c orlop -n "__fish_orlop_using_subcommand system; and __fish_seen_subcommand_from repair" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand system; and __fish_seen_subcommand_from repair" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand system; and __fish_seen_subcommand_from help" -f -a "df" -d 'Show disk usage'
complete -c orlop -n "__fish_orlop_using_subcommand system; and __fish_seen_subcommand_from help" -f -a "info" -d 'Display system-wide information'
complete -c orlop -n "__fish_orlop_using_subcommand system; and __fish_seen_subcommand_from help" -f -a "prune" -d 'Remove unused data'
complete -c orlop -n "__fish_orlop_using_subcommand system; and __fish_seen_subcommand_from help" -f -a "repair" -d 'Find damage in the store, and repair it'
complete -c orlop -n "__fish_orlop_using_subcommand system; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c orlop -n "__fish_orlop_using_subcommand serve" -l listen -d 'Where to listen, as often as wanted [default: 127.0.0.1:5000]' -r
complete -c orlop -n "__fish_orlop_using_subcommand serve" -l anonymous -d 'What anybody may do without logging in: none, pull, or push (and delete)' -r
complete -c orlop -n "__fish_orlop_using_subcommand serve" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand serve" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand serve" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand serve" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand serve" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand serve" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand serve" -l check -d 'Check the configuration and the files that it names, say what would be served, and quit'
complete -c orlop -n "__fish_orlop_using_subcommand serve" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand serve" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand registry; and not __fish_seen_subcommand_from gc retention verify import users tokens robots help" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand registry; and not __fish_seen_subcommand_from gc retention verify import users tokens robots help" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand registry; and not __fish_seen_subcommand_from gc retention verify import users tokens robots help" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand registry; and not __fish_seen_subcommand_from gc retention verify import users tokens robots help" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand registry; and not __fish_seen_subcommand_from gc retention verify import users tokens robots help" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand registry; and not __fish_seen_subcommand_from gc retention verify import users tokens robots help" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand registry; and not __fish_seen_subcommand_from gc retention verify import users tokens robots help" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand registry; and not __fish_seen_subcommand_from gc retention verify import users tokens robots help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand registry; and not __fish_seen_subcommand_from gc retention verify import users tokens robots help" -f -a "gc" -d 'Remove content that nothing needs any more'
complete -c orlop -n "__fish_orlop_using_subcommand registry; and not __fish_seen_subcommand_from gc retention verify import users tokens robots help" -f -a "retention" -d 'Keep and remove tags by the rules of the configuration'
complete -c orlop -n "__fish_orlop_using_subcommand registry; and not __fish_seen_subcommand_from gc retention verify import users tokens robots help" -f -a "verify" -d 'Read everything again, and name what is damaged and who needs it'
complete -c orlop -n "__fish_orlop_using_subcommand registry; and not __fish_seen_subcommand_from gc retention verify import users tokens robots help" -f -a "import" -d 'Adopt the folder of CNCF distribution or of zot'
complete -c orlop -n "__fish_orlop_using_subcommand registry; and not __fish_seen_subcommand_from gc retention verify import users tokens robots help" -f -a "users" -d 'Manage the users of the password file'
complete -c orlop -n "__fish_orlop_using_subcommand registry; and not __fish_seen_subcommand_from gc retention verify import users tokens robots help" -f -a "tokens" -d 'Manage robots: accounts for machines, each with a secret of its own'
complete -c orlop -n "__fish_orlop_using_subcommand registry; and not __fish_seen_subcommand_from gc retention verify import users tokens robots help" -f -a "robots" -d 'Manage robots: accounts for machines, each with a secret of its own'
complete -c orlop -n "__fish_orlop_using_subcommand registry; and not __fish_seen_subcommand_from gc retention verify import users tokens robots help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from gc" -l grace -d 'How long what nothing names is left alone [default: serve.collect.grace]' -r
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from gc" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from gc" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from gc" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from gc" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from gc" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from gc" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from gc" -l dry-run -d 'Change nothing, and say what would be removed'
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from gc" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from gc" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from retention" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from retention" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from retention" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from retention" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from retention" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from retention" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from retention" -l dry-run -d 'Change nothing, and say what would be removed, and why'
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from retention" -s v -l verbose -d 'Say what is kept, too, and why'
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from retention" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from retention" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from verify" -l threads -d 'How many blobs are read at a time [default: one for each processor]' -r
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from verify" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from verify" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from verify" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from verify" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from verify" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from verify" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from verify" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from import" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from import" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from import" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from import" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from import" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from import" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from import" -l copy -d 'Copy every file, where hard links to the other folder\'s would do'
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from import" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from import" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from users" -l file -d 'The file of users [default: serve.access.htpasswd]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from users" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from users" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from users" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from users" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from users" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from users" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from users" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from users" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from users" -f -a "add" -d 'Add a user; the password is asked for, or read from stdin'
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from users" -f -a "passwd" -d 'Give a user another password, which is asked for, or read from stdin'
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from users" -f -a "rm" -d 'Remove users'
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from users" -f -a "remove" -d 'Remove users'
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from users" -f -a "ls" -d 'List users'
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from users" -f -a "list" -d 'List users'
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from users" -f -a "reset-admin" -d 'Give the administrator of the first start another password, and show it'
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from users" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from tokens" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from tokens" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from tokens" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from tokens" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from tokens" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from tokens" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from tokens" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from tokens" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from tokens" -f -a "create" -d 'Make a robot, and show its secret, once'
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from tokens" -f -a "renew" -d 'Give a robot another secret, and show it, once'
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from tokens" -f -a "revoke" -d 'Remove robots; what they logged in with is worth nothing from then on'
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from tokens" -f -a "rm" -d 'Remove robots; what they logged in with is worth nothing from then on'
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from tokens" -f -a "ls" -d 'List robots'
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from tokens" -f -a "list" -d 'List robots'
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from tokens" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from robots" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from robots" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from robots" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from robots" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from robots" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from robots" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from robots" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from robots" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from robots" -f -a "create" -d 'Make a robot, and show its secret, once'
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from robots" -f -a "renew" -d 'Give a robot another secret, and show it, once'
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from robots" -f -a "revoke" -d 'Remove robots; what they logged in with is worth nothing from then on'
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from robots" -f -a "rm" -d 'Remove robots; what they logged in with is worth nothing from then on'
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from robots" -f -a "ls" -d 'List robots'
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from robots" -f -a "list" -d 'List robots'
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from robots" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from help" -f -a "gc" -d 'Remove content that nothing needs any more'
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from help" -f -a "retention" -d 'Keep and remove tags by the rules of the configuration'
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from help" -f -a "verify" -d 'Read everything again, and name what is damaged and who needs it'
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from help" -f -a "import" -d 'Adopt the folder of CNCF distribution or of zot'
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from help" -f -a "users" -d 'Manage the users of the password file'
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from help" -f -a "tokens" -d 'Manage robots: accounts for machines, each with a secret of its own'
complete -c orlop -n "__fish_orlop_using_subcommand registry; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c orlop -n "__fish_orlop_using_subcommand config; and not __fish_seen_subcommand_from show path help" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand config; and not __fish_seen_subcommand_from show path help" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand config; and not __fish_seen_subcommand_from show path help" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand config; and not __fish_seen_subcommand_from show path help" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand config; and not __fish_seen_subcommand_from show path help" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand config; and not __fish_seen_subcommand_from show path help" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand config; and not __fish_seen_subcommand_from show path help" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand config; and not __fish_seen_subcommand_from show path help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand config; and not __fish_seen_subcommand_from show path help" -f -a "show" -d 'Print all values that are set, and where'
complete -c orlop -n "__fish_orlop_using_subcommand config; and not __fish_seen_subcommand_from show path help" -f -a "path" -d 'Print the configuration files that are read'
complete -c orlop -n "__fish_orlop_using_subcommand config; and not __fish_seen_subcommand_from show path help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c orlop -n "__fish_orlop_using_subcommand config; and __fish_seen_subcommand_from show" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand config; and __fish_seen_subcommand_from show" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand config; and __fish_seen_subcommand_from show" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand config; and __fish_seen_subcommand_from show" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand config; and __fish_seen_subcommand_from show" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand config; and __fish_seen_subcommand_from show" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand config; and __fish_seen_subcommand_from show" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand config; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand config; and __fish_seen_subcommand_from path" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand config; and __fish_seen_subcommand_from path" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand config; and __fish_seen_subcommand_from path" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand config; and __fish_seen_subcommand_from path" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand config; and __fish_seen_subcommand_from path" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand config; and __fish_seen_subcommand_from path" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand config; and __fish_seen_subcommand_from path" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand config; and __fish_seen_subcommand_from path" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "show" -d 'Print all values that are set, and where'
complete -c orlop -n "__fish_orlop_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "path" -d 'Print the configuration files that are read'
complete -c orlop -n "__fish_orlop_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c orlop -n "__fish_orlop_using_subcommand info" -s f -l format -d 'Format output using a custom template: \'json\':             Print in JSON format \'TEMPLATE\':         Print output using the given Go template' -r
complete -c orlop -n "__fish_orlop_using_subcommand info" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand info" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand info" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand info" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand info" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand info" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand info" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand info" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand version" -s f -l format -d 'Format output using a custom template: \'json\':             Print in JSON format \'TEMPLATE\':         Print output using the given Go template' -r
complete -c orlop -n "__fish_orlop_using_subcommand version" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand version" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand version" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand version" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand version" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand version" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand version" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand version" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand completion" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand completion" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand completion" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand completion" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand completion" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand completion" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand completion" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand completion" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand quickstart" -l root -d 'Folder that images are kept in [env: ORLOP_ROOT]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand quickstart" -l config -d 'Configuration file, in place of the system\'s and the user\'s [env: ORLOP_CONFIG]' -r -F
complete -c orlop -n "__fish_orlop_using_subcommand quickstart" -l set -d 'Set any key of the configuration (see `orlop config --help`)' -r
complete -c orlop -n "__fish_orlop_using_subcommand quickstart" -l storage-driver -d 'How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]' -r
complete -c orlop -n "__fish_orlop_using_subcommand quickstart" -l progress -d 'How progress is shown [env: ORLOP_PROGRESS]' -r -f -a "auto\t'Bars on a terminal, lines elsewhere'
tty\t'Bars, redrawn in place'
plain\t'Lines, each change once'
json\t'A JSON object a line'
quiet\t'None'"
complete -c orlop -n "__fish_orlop_using_subcommand quickstart" -l tls-verify -d 'Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]' -r -f -a "true\t''
false\t''"
complete -c orlop -n "__fish_orlop_using_subcommand quickstart" -l keep -d 'Keep the folder with the layout, the store and the registry, to look at'
complete -c orlop -n "__fish_orlop_using_subcommand quickstart" -s D -l debug -d 'Show all that is known when something goes wrong'
complete -c orlop -n "__fish_orlop_using_subcommand quickstart" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c orlop -n "__fish_orlop_using_subcommand help; and not __fish_seen_subcommand_from pull push copy images inspect history diff explore tag rmi save load export import prune undo why image mutate append rebase flatten manifest buildx scout search official digest referrers attach validate blob pin login logout mount umount unshare system serve registry config info version completion quickstart help" -f -a "pull" -d 'Download an image from a registry'
complete -c orlop -n "__fish_orlop_using_subcommand help; and not __fish_seen_subcommand_from pull push copy images inspect history diff explore tag rmi save load export import prune undo why image mutate append rebase flatten manifest buildx scout search official digest referrers attach validate blob pin login logout mount umount unshare system serve registry config info version completion quickstart help" -f -a "push" -d 'Upload an image to a registry'
complete -c orlop -n "__fish_orlop_using_subcommand help; and not __fish_seen_subcommand_from pull push copy images inspect history diff explore tag rmi save load export import prune undo why image mutate append rebase flatten manifest buildx scout search official digest referrers attach validate blob pin login logout mount umount unshare system serve registry config info version completion quickstart help" -f -a "copy" -d 'Copy an image from one place to another'
complete -c orlop -n "__fish_orlop_using_subcommand help; and not __fish_seen_subcommand_from pull push copy images inspect history diff explore tag rmi save load export import prune undo why image mutate append rebase flatten manifest buildx scout search official digest referrers attach validate blob pin login logout mount umount unshare system serve registry config info version completion quickstart help" -f -a "images" -d 'List images'
complete -c orlop -n "__fish_orlop_using_subcommand help; and not __fish_seen_subcommand_from pull push copy images inspect history diff explore tag rmi save load export import prune undo why image mutate append rebase flatten manifest buildx scout search official digest referrers attach validate blob pin login logout mount umount unshare system serve registry config info version completion quickstart help" -f -a "inspect" -d 'Return low-level information on images'
complete -c orlop -n "__fish_orlop_using_subcommand help; and not __fish_seen_subcommand_from pull push copy images inspect history diff explore tag rmi save load export import prune undo why image mutate append rebase flatten manifest buildx scout search official digest referrers attach validate blob pin login logout mount umount unshare system serve registry config info version completion quickstart help" -f -a "history" -d 'Show the history of an image'
complete -c orlop -n "__fish_orlop_using_subcommand help; and not __fish_seen_subcommand_from pull push copy images inspect history diff explore tag rmi save load export import prune undo why image mutate append rebase flatten manifest buildx scout search official digest referrers attach validate blob pin login logout mount umount unshare system serve registry config info version completion quickstart help" -f -a "diff" -d 'Show in what two images differ: files, configuration, layers, sizes'
complete -c orlop -n "__fish_orlop_using_subcommand help; and not __fish_seen_subcommand_from pull push copy images inspect history diff explore tag rmi save load export import prune undo why image mutate append rebase flatten manifest buildx scout search official digest referrers attach validate blob pin login logout mount umount unshare system serve registry config info version completion quickstart help" -f -a "explore" -d 'Explore an image\'s layers, files and wasted space'
complete -c orlop -n "__fish_orlop_using_subcommand help; and not __fish_seen_subcommand_from pull push copy images inspect history diff explore tag rmi save load export import prune undo why image mutate append rebase flatten manifest buildx scout search official digest referrers attach validate blob pin login logout mount umount unshare system serve registry config info version completion quickstart help" -f -a "tag" -d 'Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE'
complete -c orlop -n "__fish_orlop_using_subcommand help; and not __fish_seen_subcommand_from pull push copy images inspect history diff explore tag rmi save load export import prune undo why image mutate append rebase flatten manifest buildx scout search official digest referrers attach validate blob pin login logout mount umount unshare system serve registry config info version completion quickstart help" -f -a "rmi" -d 'Remove one or more images'
complete -c orlop -n "__fish_orlop_using_subcommand help; and not __fish_seen_subcommand_from pull push copy images inspect history diff explore tag rmi save load export import prune undo why image mutate append rebase flatten manifest buildx scout search official digest referrers attach validate blob pin login logout mount umount unshare system serve registry config info version completion quickstart help" -f -a "save" -d 'Save one or more images to a tar archive (streamed to STDOUT by default)'
complete -c orlop -n "__fish_orlop_using_subcommand help; and not __fish_seen_subcommand_from pull push copy images inspect history diff explore tag rmi save load export import prune undo why image mutate append rebase flatten manifest buildx scout search official digest referrers attach validate blob pin login logout mount umount unshare system serve registry config info version completion quickstart help" -f -a "load" -d 'Load an image from a tar archive or STDIN'
complete -c orlop -n "__fish_orlop_using_subcommand help; and not __fish_seen_subcommand_from pull push copy images inspect history diff explore tag rmi save load export import prune undo why image mutate append rebase flatten manifest buildx scout search official digest referrers attach validate blob pin login logout mount umount unshare system serve registry config info version completion quickstart help" -f -a "export" -d 'Export an image\'s filesystem as a tar archive'
complete -c orlop -n "__fish_orlop_using_subcommand help; and not __fish_seen_subcommand_from pull push copy images inspect history diff explore tag rmi save load export import prune undo why image mutate append rebase flatten manifest buildx scout search official digest referrers attach validate blob pin login logout mount umount unshare system serve registry config info version completion quickstart help" -f -a "import" -d 'Import the contents from a tarball to create a filesystem image'
complete -c orlop -n "__fish_orlop_using_subcommand help; and not __fish_seen_subcommand_from pull push copy images inspect history diff explore tag rmi save load export import prune undo why image mutate append rebase flatten manifest buildx scout search official digest referrers attach validate blob pin login logout mount umount unshare system serve registry config info version completion quickstart help" -f -a "prune" -d 'Remove unused images'
complete -c orlop -n "__fish_orlop_using_subcommand help; and not __fish_seen_subcommand_from pull push copy images inspect history diff explore tag rmi save load export import prune undo why image mutate append rebase flatten manifest buildx scout search official digest referrers attach validate blob pin login logout mount umount unshare system serve registry config info version completion quickstart help" -f -a "undo" -d 'Take back the last rmi or prune'
complete -c orlop -n "__fish_orlop_using_subcommand help; and not __fish_seen_subcommand_from pull push copy images inspect history diff explore tag rmi save load export import prune undo why image mutate append rebase flatten manifest buildx scout search official digest referrers attach validate blob pin login logout mount umount unshare system serve registry config info version completion quickstart help" -f -a "why" -d 'Show what holds something on the disk'
complete -c orlop -n "__fish_orlop_using_subcommand help; and not __fish_seen_subcommand_from pull push copy images inspect history diff explore tag rmi save load export import prune undo why image mutate append rebase flatten manifest buildx scout search official digest referrers attach validate blob pin login logout mount umount unshare system serve registry config info version completion quickstart help" -f -a "image" -d 'Manage images'
complete -c orlop -n "__fish_orlop_using_subcommand help; and not __fish_seen_subcommand_from pull push copy images inspect history diff explore tag rmi save load export import prune undo why image mutate append rebase flatten manifest buildx scout search official digest referrers attach validate blob pin login logout mount umount unshare system serve registry config info version completion quickstart help" -f -a "mutate" -d 'Change the settings, labels and annotations of an image'
complete -c orlop -n "__fish_orlop_using_subcommand help; and not __fish_seen_subcommand_from pull push copy images inspect history diff explore tag rmi save load export import prune undo why image mutate append rebase flatten manifest buildx scout search official digest referrers attach validate blob pin login logout mount umount unshare system serve registry config info version completion quickstart help" -f -a "append" -d 'Append the contents of a tarball to an image'
complete -c orlop -n "__fish_orlop_using_subcommand help; and not __fish_seen_subcommand_from pull push copy images inspect history diff explore tag rmi save load export import prune undo why image mutate append rebase flatten manifest buildx scout search official digest referrers attach validate blob pin login logout mount umount unshare system serve registry config info version completion quickstart help" -f -a "rebase" -d 'Rebase an image onto a new base image'
complete -c orlop -n "__fish_orlop_using_subcommand help; and not __fish_seen_subcommand_from pull push copy images inspect history diff explore tag rmi save load export import prune undo why image mutate append rebase flatten manifest buildx scout search official digest referrers attach validate blob pin login logout mount umount unshare system serve registry config info version completion quickstart help" -f -a "flatten" -d 'Flatten an image\'s layers into a single layer'
complete -c orlop -n "__fish_orlop_using_subcommand help; and not __fish_seen_subcommand_from pull push copy images inspect history diff explore tag rmi save load export import prune undo why image mutate append rebase flatten manifest buildx scout search official digest referrers attach validate blob pin login logout mount umount unshare system serve registry config info version completion quickstart help" -f -a "manifest" -d 'Manage image manifests and manifest lists'
complete -c orlop -n "__fish_orlop_using_subcommand help; and not __fish_seen_subcommand_from pull push copy images inspect history diff explore tag rmi save load export import prune undo why image mutate append rebase flatten manifest buildx scout search official digest referrers attach validate blob pin login logout mount umount unshare system serve registry config info version completion quickstart help" -f -a "buildx" -d 'Work on images in registries, as docker\'s builder does'
complete -c orlop -n "__fish_orlop_using_subcommand help; and not __fish_seen_subcommand_from pull push copy images inspect history diff explore tag rmi save load export import prune undo why image mutate append rebase flatten manifest buildx scout search official digest referrers attach validate blob pin login logout mount umount unshare system serve registry config info version completion quickstart help" -f -a "scout" -d 'Find what is in images, and what is wrong with it'
complete -c orlop -n "__fish_orlop_using_subcommand help; and not __fish_seen_subcommand_from pull push copy images inspect history diff explore tag rmi save load export import prune undo why image mutate append rebase flatten manifest buildx scout search official digest referrers attach validate blob pin login logout mount umount unshare system serve registry config info version completion quickstart help" -f -a "search" -d 'Search Docker Hub, or another registry, for images'
complete -c orlop -n "__fish_orlop_using_subcommand help; and not __fish_seen_subcommand_from pull push copy images inspect history diff explore tag rmi save load export import prune undo why image mutate append rebase flatten manifest buildx scout search official digest referrers attach validate blob pin login logout mount umount unshare system serve registry config info version completion quickstart help" -f -a "official" -d 'Show the supported tags of a Docker Official Image'
complete -c orlop -n "__fish_orlop_using_subcommand help; and not __fish_seen_subcommand_from pull push copy images inspect history diff explore tag rmi save load export import prune undo why image mutate append rebase flatten manifest buildx scout search official digest referrers attach validate blob pin login logout mount umount unshare system serve registry config info version completion quickstart help" -f -a "digest" -d 'Print the digests that names stand for'
complete -c orlop -n "__fish_orlop_using_subcommand help; and not __fish_seen_subcommand_from pull push copy images inspect history diff explore tag rmi save load export import prune undo why image mutate append rebase flatten manifest buildx scout search official digest referrers attach validate blob pin login logout mount umount unshare system serve registry config info version completion quickstart help" -f -a "referrers" -d 'Show what speaks of an image: signatures, SBOMs, attestations'
complete -c orlop -n "__fish_orlop_using_subcommand help; and not __fish_seen_subcommand_from pull push copy images inspect history diff explore tag rmi save load export import prune undo why image mutate append rebase flatten manifest buildx scout search official digest referrers attach validate blob pin login logout mount umount unshare system serve registry config info version completion quickstart help" -f -a "attach" -d 'Attach files to an image in a registry'
complete -c orlop -n "__fish_orlop_using_subcommand help; and not __fish_seen_subcommand_from pull push copy images inspect history diff explore tag rmi save load export import prune undo why image mutate append rebase flatten manifest buildx scout search official digest referrers attach validate blob pin login logout mount umount unshare system serve registry config info version completion quickstart help" -f -a "validate" -d 'Check everything about an image: digests, sizes, types, what its parts say of each other'
complete -c orlop -n "__fish_orlop_using_subcommand help; and not __fish_seen_subcommand_from pull push copy images inspect history diff explore tag rmi save load export import prune undo why image mutate append rebase flatten manifest buildx scout search official digest referrers attach validate blob pin login logout mount umount unshare system serve registry config info version completion quickstart help" -f -a "blob" -d 'Manage blobs'
complete -c orlop -n "__fish_orlop_using_subcommand help; and not __fish_seen_subcommand_from pull push copy images inspect history diff explore tag rmi save load export import prune undo why image mutate append rebase flatten manifest buildx scout search official digest referrers attach validate blob pin login logout mount umount unshare system serve registry config info version completion quickstart help" -f -a "pin" -d 'Pin the image references of files to digests'
complete -c orlop -n "__fish_orlop_using_subcommand help; and not __fish_seen_subcommand_from pull push copy images inspect history diff explore tag rmi save load export import prune undo why image mutate append rebase flatten manifest buildx scout search official digest referrers attach validate blob pin login logout mount umount unshare system serve registry config info version completion quickstart help" -f -a "login" -d 'Authenticate to a registry'
complete -c orlop -n "__fish_orlop_using_subcommand help; and not __fish_seen_subcommand_from pull push copy images inspect history diff explore tag rmi save load export import prune undo why image mutate append rebase flatten manifest buildx scout search official digest referrers attach validate blob pin login logout mount umount unshare system serve registry config info version completion quickstart help" -f -a "logout" -d 'Log out from a registry'
complete -c orlop -n "__fish_orlop_using_subcommand help; and not __fish_seen_subcommand_from pull push copy images inspect history diff explore tag rmi save load export import prune undo why image mutate append rebase flatten manifest buildx scout search official digest referrers attach validate blob pin login logout mount umount unshare system serve registry config info version completion quickstart help" -f -a "mount" -d 'Mount an image\'s files at a directory'
complete -c orlop -n "__fish_orlop_using_subcommand help; and not __fish_seen_subcommand_from pull push copy images inspect history diff explore tag rmi save load export import prune undo why image mutate append rebase flatten manifest buildx scout search official digest referrers attach validate blob pin login logout mount umount unshare system serve registry config info version completion quickstart help" -f -a "umount" -d 'Unmount what `orlop mount` mounted'
complete -c orlop -n "__fish_orlop_using_subcommand help; and not __fish_seen_subcommand_from pull push copy images inspect history diff explore tag rmi save load export import prune undo why image mutate append rebase flatten manifest buildx scout search official digest referrers attach validate blob pin login logout mount umount unshare system serve registry config info version completion quickstart help" -f -a "unshare" -d 'Run a command in the namespace in which a user mounts images'
complete -c orlop -n "__fish_orlop_using_subcommand help; and not __fish_seen_subcommand_from pull push copy images inspect history diff explore tag rmi save load export import prune undo why image mutate append rebase flatten manifest buildx scout search official digest referrers attach validate blob pin login logout mount umount unshare system serve registry config info version completion quickstart help" -f -a "system" -d 'Manage the store'
complete -c orlop -n "__fish_orlop_using_subcommand help; and not __fish_seen_subcommand_from pull push copy images inspect history diff explore tag rmi save load export import prune undo why image mutate append rebase flatten manifest buildx scout search official digest referrers attach validate blob pin login logout mount umount unshare system serve registry config info version completion quickstart help" -f -a "serve" -d 'Serve a registry'
complete -c orlop -n "__fish_orlop_using_subcommand help; and not __fish_seen_subcommand_from pull push copy images inspect history diff explore tag rmi save load export import prune undo why image mutate append rebase flatten manifest buildx scout search official digest referrers attach validate blob pin login logout mount umount unshare system serve registry config info version completion quickstart help" -f -a "registry" -d 'Manage the registry that `orlop serve` serves'
complete -c orlop -n "__fish_orlop_using_subcommand help; and not __fish_seen_subcommand_from pull push copy images inspect history diff explore tag rmi save load export import prune undo why image mutate append rebase flatten manifest buildx scout search official digest referrers attach validate blob pin login logout mount umount unshare system serve registry config info version completion quickstart help" -f -a "config" -d 'Show the configuration and describe its keys'
complete -c orlop -n "__fish_orlop_using_subcommand help; and not __fish_seen_subcommand_from pull push copy images inspect history diff explore tag rmi save load export import prune undo why image mutate append rebase flatten manifest buildx scout search official digest referrers attach validate blob pin login logout mount umount unshare system serve registry config info version completion quickstart help" -f -a "info" -d 'Display system-wide information'
complete -c orlop -n "__fish_orlop_using_subcommand help; and not __fish_seen_subcommand_from pull push copy images inspect history diff explore tag rmi save load export import prune undo why image mutate append rebase flatten manifest buildx scout search official digest referrers attach validate blob pin login logout mount umount unshare system serve registry config info version completion quickstart help" -f -a "version" -d 'Show the version information'
complete -c orlop -n "__fish_orlop_using_subcommand help; and not __fish_seen_subcommand_from pull push copy images inspect history diff explore tag rmi save load export import prune undo why image mutate append rebase flatten manifest buildx scout search official digest referrers attach validate blob pin login logout mount umount unshare system serve registry config info version completion quickstart help" -f -a "completion" -d 'Print a completion script for a shell'
complete -c orlop -n "__fish_orlop_using_subcommand help; and not __fish_seen_subcommand_from pull push copy images inspect history diff explore tag rmi save load export import prune undo why image mutate append rebase flatten manifest buildx scout search official digest referrers attach validate blob pin login logout mount umount unshare system serve registry config info version completion quickstart help" -f -a "quickstart" -d 'Take a tour, without network, with a store and a registry of its own'
complete -c orlop -n "__fish_orlop_using_subcommand help; and not __fish_seen_subcommand_from pull push copy images inspect history diff explore tag rmi save load export import prune undo why image mutate append rebase flatten manifest buildx scout search official digest referrers attach validate blob pin login logout mount umount unshare system serve registry config info version completion quickstart help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c orlop -n "__fish_orlop_using_subcommand help; and __fish_seen_subcommand_from tag" -f -a "log" -d 'Show which digests a name had, and since when'
complete -c orlop -n "__fish_orlop_using_subcommand help; and __fish_seen_subcommand_from tag" -f -a "ls" -d 'List the tags of a repository'
complete -c orlop -n "__fish_orlop_using_subcommand help; and __fish_seen_subcommand_from image" -f -a "ls" -d 'List images'
complete -c orlop -n "__fish_orlop_using_subcommand help; and __fish_seen_subcommand_from image" -f -a "pull" -d 'Download an image from a registry'
complete -c orlop -n "__fish_orlop_using_subcommand help; and __fish_seen_subcommand_from image" -f -a "push" -d 'Upload an image to a registry'
complete -c orlop -n "__fish_orlop_using_subcommand help; and __fish_seen_subcommand_from image" -f -a "inspect" -d 'Display detailed information on one or more images'
complete -c orlop -n "__fish_orlop_using_subcommand help; and __fish_seen_subcommand_from image" -f -a "history" -d 'Show the history of an image'
complete -c orlop -n "__fish_orlop_using_subcommand help; and __fish_seen_subcommand_from image" -f -a "tag" -d 'Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE'
complete -c orlop -n "__fish_orlop_using_subcommand help; and __fish_seen_subcommand_from image" -f -a "rm" -d 'Remove one or more images'
complete -c orlop -n "__fish_orlop_using_subcommand help; and __fish_seen_subcommand_from image" -f -a "save" -d 'Save one or more images to a tar archive (streamed to STDOUT by default)'
complete -c orlop -n "__fish_orlop_using_subcommand help; and __fish_seen_subcommand_from image" -f -a "load" -d 'Load an image from a tar archive or STDIN'
complete -c orlop -n "__fish_orlop_using_subcommand help; and __fish_seen_subcommand_from image" -f -a "import" -d 'Import the contents from a tarball to create a filesystem image'
complete -c orlop -n "__fish_orlop_using_subcommand help; and __fish_seen_subcommand_from image" -f -a "prune" -d 'Remove unused images'
complete -c orlop -n "__fish_orlop_using_subcommand help; and __fish_seen_subcommand_from image" -f -a "mount" -d 'Mount an image\'s files at a directory'
complete -c orlop -n "__fish_orlop_using_subcommand help; and __fish_seen_subcommand_from image" -f -a "unmount" -d 'Unmount what `orlop mount` mounted'
complete -c orlop -n "__fish_orlop_using_subcommand help; and __fish_seen_subcommand_from manifest" -f -a "annotate" -d 'Add additional information to a local image manifest'
complete -c orlop -n "__fish_orlop_using_subcommand help; and __fish_seen_subcommand_from manifest" -f -a "create" -d 'Create a local manifest list for annotating and pushing to a registry'
complete -c orlop -n "__fish_orlop_using_subcommand help; and __fish_seen_subcommand_from manifest" -f -a "delete" -d 'Delete manifests or tags in a registry'
complete -c orlop -n "__fish_orlop_using_subcommand help; and __fish_seen_subcommand_from manifest" -f -a "get" -d 'Print a manifest or manifest list, byte for byte'
complete -c orlop -n "__fish_orlop_using_subcommand help; and __fish_seen_subcommand_from manifest" -f -a "head" -d 'Print the digest of a manifest or manifest list'
complete -c orlop -n "__fish_orlop_using_subcommand help; and __fish_seen_subcommand_from manifest" -f -a "inspect" -d 'Display an image manifest, or manifest list'
complete -c orlop -n "__fish_orlop_using_subcommand help; and __fish_seen_subcommand_from manifest" -f -a "push" -d 'Push a manifest list to a repository'
complete -c orlop -n "__fish_orlop_using_subcommand help; and __fish_seen_subcommand_from manifest" -f -a "put" -d 'Put a manifest or manifest list into a registry'
complete -c orlop -n "__fish_orlop_using_subcommand help; and __fish_seen_subcommand_from manifest" -f -a "rm" -d 'Delete one or more manifest lists from local storage'
complete -c orlop -n "__fish_orlop_using_subcommand help; and __fish_seen_subcommand_from buildx" -f -a "imagetools" -d 'Commands to work on images in registry'
complete -c orlop -n "__fish_orlop_using_subcommand help; and __fish_seen_subcommand_from scout" -f -a "cache" -d 'Manage the local cache: show its size, or prune it'
complete -c orlop -n "__fish_orlop_using_subcommand help; and __fish_seen_subcommand_from scout" -f -a "cves" -d 'Display CVEs identified in a software artifact'
complete -c orlop -n "__fish_orlop_using_subcommand help; and __fish_seen_subcommand_from scout" -f -a "db" -d 'Manage the database of advisories'
complete -c orlop -n "__fish_orlop_using_subcommand help; and __fish_seen_subcommand_from scout" -f -a "quickview" -d 'Quick overview of an image: its vulnerabilities, and those of its base image'
complete -c orlop -n "__fish_orlop_using_subcommand help; and __fish_seen_subcommand_from scout" -f -a "sbom" -d 'Generate or display the SBOM of an image'
complete -c orlop -n "__fish_orlop_using_subcommand help; and __fish_seen_subcommand_from scout" -f -a "why" -d 'Show why a CVE is found in an image, or isn\'t'
complete -c orlop -n "__fish_orlop_using_subcommand help; and __fish_seen_subcommand_from blob" -f -a "get" -d 'Download a blob (streamed to STDOUT by default)'
complete -c orlop -n "__fish_orlop_using_subcommand help; and __fish_seen_subcommand_from system" -f -a "df" -d 'Show disk usage'
complete -c orlop -n "__fish_orlop_using_subcommand help; and __fish_seen_subcommand_from system" -f -a "info" -d 'Display system-wide information'
complete -c orlop -n "__fish_orlop_using_subcommand help; and __fish_seen_subcommand_from system" -f -a "prune" -d 'Remove unused data'
complete -c orlop -n "__fish_orlop_using_subcommand help; and __fish_seen_subcommand_from system" -f -a "repair" -d 'Find damage in the store, and repair it'
complete -c orlop -n "__fish_orlop_using_subcommand help; and __fish_seen_subcommand_from registry" -f -a "gc" -d 'Remove content that nothing needs any more'
complete -c orlop -n "__fish_orlop_using_subcommand help; and __fish_seen_subcommand_from registry" -f -a "retention" -d 'Keep and remove tags by the rules of the configuration'
complete -c orlop -n "__fish_orlop_using_subcommand help; and __fish_seen_subcommand_from registry" -f -a "verify" -d 'Read everything again, and name what is damaged and who needs it'
complete -c orlop -n "__fish_orlop_using_subcommand help; and __fish_seen_subcommand_from registry" -f -a "import" -d 'Adopt the folder of CNCF distribution or of zot'
complete -c orlop -n "__fish_orlop_using_subcommand help; and __fish_seen_subcommand_from registry" -f -a "users" -d 'Manage the users of the password file'
complete -c orlop -n "__fish_orlop_using_subcommand help; and __fish_seen_subcommand_from registry" -f -a "tokens" -d 'Manage robots: accounts for machines, each with a secret of its own'
complete -c orlop -n "__fish_orlop_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "show" -d 'Print all values that are set, and where'
complete -c orlop -n "__fish_orlop_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "path" -d 'Print the configuration files that are read'
