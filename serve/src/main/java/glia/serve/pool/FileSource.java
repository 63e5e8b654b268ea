package glia.serve.pool;

import glia.engine.GenerationOptions;
import glia.engine.LanguageModel;
import glia.engine.load.LoadOptions;
import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.hub.Progress;
import glia.io.load.Checkpoints;
import glia.model.adapter.AdaptedModel;
import glia.text.template.ChatMessage;
import glia.text.template.ChatTemplate;
import glia.text.template.TemplateException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;

/// A model of a file or folder.
///
/// @param path a folder in the hub's layout, a GGUF file or the folder of an adapter
/// @param options how it is loaded
/// @param folders folders of adapters by their names, of which each request has one or none
/// @param progress receives the progress of loading
/// @param defaults what requests leave open
public record FileSource(Path path, LoadOptions options, Map<String, Path> folders, Progress progress,
        Defaults defaults) implements ModelCatalogue.ModelSource {
    /// Options and system prompt of requests that have none.
    ///
    /// @param options the options, given the model's own
    /// @param system the system prompt
    public record Defaults(UnaryOperator<GenerationOptions> options, Optional<String> system) {
        /// The model's own.
        public static final Defaults NONE = new Defaults(own -> own, Optional.empty());
    }

    /// With the model's own options.
    public FileSource(Path path, LoadOptions options, Map<String, Path> folders, Progress progress) {
        this(path, options, folders, progress, Defaults.NONE);
    }

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
        LanguageModel model = LanguageModel.load(path, options, folders, progress);
        if (defaults.equals(Defaults.NONE)) {
            return model;
        }
        try {
            GenerationOptions changed = defaults.options().apply(model.options());
            changed.steering().require(model.model().spec());
            model.requireThinking(changed.thinking());
            defaults.system().ifPresent(text -> requireSystem(model, text));
            return model.withDefaults(changed, defaults.system());
        } catch (IllegalArgumentException e) {
            model.close();
            throw new CheckpointException(path, "", e.getMessage(), e);
        }
    }

    private static void requireSystem(LanguageModel model, String text) {
        ChatTemplate template = model.template().orElseThrow(() -> new IllegalArgumentException(
                "the model has no chat template, so it takes no system prompt"));
        try {
            template.render(List.of(ChatMessage.system(text), ChatMessage.user("x")), model.renderOptions());
        } catch (TemplateException e) {
            throw new IllegalArgumentException("the model's chat template takes no system prompt: " + e.getMessage(),
                    e);
        }
    }
}
