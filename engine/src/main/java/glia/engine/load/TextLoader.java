package glia.engine.load;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.file.Folders;
import glia.io.gguf.GgufCheckpoint;
import glia.text.template.ChatTemplate;
import glia.text.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/// Loads tokenizer and chat template in parallel with the weights, each on its own thread: loading the tokenizer's
/// native library takes as long as mapping a small model.
public final class TextLoader {
    private static final String TEMPLATE_KEY = "tokenizer.chat_template";

    private final Path path;
    private final FutureTask<Tokenizer> tokenizer;
    private final FutureTask<Optional<ChatTemplate>> template;

    private TextLoader(Path path, Callable<Tokenizer> tokenizer, Callable<Optional<ChatTemplate>> template) {
        this(path, begin("glia-tokenizer", tokenizer), begin("glia-template", template));
    }

    private TextLoader(Path path, FutureTask<Tokenizer> tokenizer, FutureTask<Optional<ChatTemplate>> template) {
        this.path = path;
        this.tokenizer = tokenizer;
        this.template = template;
    }

    private static <T> FutureTask<T> begin(String name, Callable<T> work) {
        FutureTask<T> task = new FutureTask<>(work);
        Thread.ofPlatform().daemon().name(name).start(task);
        return task;
    }

    /// Starts loading the tokenizer and template of a checkpoint.
    public static TextLoader start(Path path, Checkpoint checkpoint) {
        return start(path, checkpoint, false, Optional.empty());
    }

    /// @param isKnown whether this checkpoint's tokenizer was checked in an earlier run
    /// @param adapter the folder of an adapter, whose chat template replaces the checkpoint's if it has one
    static TextLoader start(Path path, Checkpoint checkpoint, boolean isKnown, Optional<Path> adapter) {
        TextLoader own = ofCheckpoint(path, checkpoint, isKnown);
        return adapter.isEmpty() ? own : new TextLoader(path, own.tokenizer, begin("glia-template", () -> {
            Optional<ChatTemplate> replacement = ChatTemplate.find(adapter.get());
            return replacement.isPresent() ? replacement : own.template();
        }));
    }

    private static TextLoader ofCheckpoint(Path path, Checkpoint checkpoint, boolean isKnown) {
        if (checkpoint instanceof GgufCheckpoint gguf) {
            return new TextLoader(path, () -> isKnown ? Tokenizer.fromKnownGguf(gguf.metadata())
                    : Tokenizer.fromGguf(gguf.metadata()),
                    () -> gguf.metadata().has(TEMPLATE_KEY)
                    ? Optional.of(ChatTemplate.parse(path.toString(), gguf.metadata().string(TEMPLATE_KEY)))
                    : Optional.empty());
        }
        Path folder = Folders.ofModel(path);
        return new TextLoader(path, () -> Tokenizer.load(folder), () -> ChatTemplate.find(folder));
    }

    /// A further file of a model: `name` in its folder, or `MODEL.name` beside a GGUF file.
    public static Path beside(Path model, String name) {
        if (Files.isDirectory(model)) {
            return model.resolve(name);
        }
        String file = model.getFileName().toString();
        String stem = file.toLowerCase(Locale.ROOT).endsWith(".gguf") ? file.substring(0, file.length() - 5) : file;
        return model.resolveSibling(stem + "." + name);
    }

    /// Waits for the tokenizer and returns whether it can be used.
    boolean isSound() {
        try {
            tokenizer();
            return true;
        } catch (CheckpointException | RuntimeException e) {
            return false;
        }
    }

    /// Waits for the tokenizer.
    ///
    /// @throws CheckpointException if there is none, or it cannot be used
    public Tokenizer tokenizer() throws CheckpointException {
        return await(tokenizer, "tokenizer");
    }

    /// Waits for the tokenizers of this model and of its draft model, which must have the same tokens.
    ///
    /// @throws CheckpointException if one of them cannot be used
    /// @throws IllegalArgumentException if the tokens of the draft model are others
    public void requireSame(TextLoader drafter) throws CheckpointException {
        Tokenizer own = tokenizer();
        Tokenizer other = drafter.tokenizer();
        for (int id = 0; id < Math.min(own.vocabSize(), other.vocabSize()); id++) {
            if (!own.piece(id).equals(other.piece(id))) {
                throw new IllegalArgumentException("the draft model has another vocabulary: token " + id + " is '"
                        + other.piece(id) + "', in the model '" + own.piece(id)
                        + "'; expected a smaller model of the same series");
            }
        }
    }

    /// Waits for the chat template, if there is one.
    ///
    /// @throws CheckpointException if it is not a text
    /// @throws glia.text.template.TemplateException if it cannot be read or parsed
    public Optional<ChatTemplate> template() throws CheckpointException {
        return await(template, "chat template");
    }

    private <T> T await(FutureTask<T> task, String what) throws CheckpointException {
        try {
            return task.get();
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case CheckpointException known -> throw known;
                case IOException failed -> throw new CheckpointException(path, what, failed.getMessage(), failed);
                case RuntimeException failed -> throw failed;
                case Error failed -> throw failed;
                default -> throw new IllegalStateException(e.getCause());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while loading the " + what, e);
        }
    }
}
