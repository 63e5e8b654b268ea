package glia.model.adapter;

import glia.io.CheckpointException;
import glia.io.hub.HubException;
import glia.io.hub.HubSettings;
import glia.io.hub.ModelLocator;
import glia.io.hub.Progress;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;

/// The files of a model: of a base, and of an adapter if the path is the folder of one. Such a folder stands for the
/// model that its `adapter_config.json` names, with the adapter.
///
/// @param base a folder in the hub's layout or a GGUF file
/// @param adapter the folder of the adapter
public record AdaptedModel(Path base, Optional<Path> adapter) {
    /// The files that a path stands for. The base of an adapter is a path, relative to the current folder or to that of
    /// the adapter, or a name, which is downloaded unless a cache has it.
    ///
    /// @throws CheckpointException if the base is not named or cannot be found
    public static AdaptedModel of(Path path, Progress progress) throws CheckpointException {
        if (!AdapterFolder.isOne(path)) {
            return new AdaptedModel(path, Optional.empty());
        }
        String name = AdapterFolder.base(path);
        Path config = path.resolve(AdapterConfigFile.NAME);
        try {
            Path base = new ModelLocator(HubSettings.fromEnvironment()).locate(beside(path, name), progress).path();
            if (AdapterFolder.isOne(base)) {
                throw new CheckpointException(config, "key base_model_name_or_path", "names the adapter " + base
                        + ", expected a model; merge that adapter into its base first: glia merge " + base + " -o OUT");
            }
            return new AdaptedModel(base, Optional.of(path));
        } catch (HubException e) {
            throw new CheckpointException(config, "key base_model_name_or_path", "names the base model '" + name
                    + "', which cannot be had: " + e.getMessage() + "\nIf it lies elsewhere, name it: MODEL --adapter "
                    + path, e);
        }
    }

    /// A path relative to the adapter's folder, if that leads to files and the current folder does not.
    private static String beside(Path folder, String name) {
        try {
            Path besides = folder.resolve(name);
            return !Files.exists(Path.of(name)) && Files.exists(besides) ? besides.toString() : name;
        } catch (InvalidPathException e) {
            return name;
        }
    }
}
