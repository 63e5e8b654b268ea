package glia.train.recipe;

import glia.engine.TextLoader;
import glia.io.CheckpointException;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.spec.ModelSpec;
import glia.text.template.ChatTemplate;
import glia.text.tokenizer.Tokenizer;
import java.nio.file.Path;
import java.util.Optional;

/// The model that a run starts from, with tokenizer and chat template. Weights stay in the file.
///
/// @param template the model's chat template, if it has one
record RunStart(Model model, Tokenizer tokenizer, Optional<ChatTemplate> template) implements AutoCloseable {
    /// @param path a folder in the hub's layout or a GGUF file
    static RunStart load(Path path) throws CheckpointException {
        Model model = ModelLoader.load(path);
        try {
            TextLoader text = TextLoader.start(path, model.checkpoint());
            return new RunStart(model, text.tokenizer(), text.template());
        } catch (CheckpointException | RuntimeException e) {
            model.close();
            throw e;
        }
    }

    ModelSpec spec() {
        return model.spec();
    }

    @Override
    public void close() {
        model.close();
    }
}
