package glia.serve.pool;

import glia.engine.LanguageModel;
import glia.engine.LoadOptions;
import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.hub.Progress;
import glia.io.load.Checkpoints;
import glia.model.adapter.AdaptedModel;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/// A model of a file or folder.
///
/// @param path a folder in the hub's layout, a GGUF file or the folder of an adapter
/// @param options how it is loaded
/// @param folders folders of adapters by their names, of which each request has one or none
/// @param progress receives the progress of loading
public record FileSource(Path path, LoadOptions options, Map<String, Path> folders, Progress progress)
        implements ModelSource {
    /// Without adapters and reports of progress.
    public FileSource(Path path, LoadOptions options) {
        this(path, options, Map.of(), Progress.NONE);
    }

    @Override
    public List<String> adapters() {
        return List.copyOf(folders.keySet());
    }

    @Override
    public long weightBytes() throws CheckpointException {
        try (Checkpoint files = Checkpoints.open(AdaptedModel.of(path, progress).base())) {
            return files.sizeBytes();
        }
    }

    @Override
    public LanguageModel load() throws CheckpointException {
        return LanguageModel.load(path, options, folders, progress);
    }
}
