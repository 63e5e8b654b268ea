package glia.train.report;

import glia.io.CheckpointException;
import glia.train.run.StepFigures;
import glia.train.run.TrainingListener;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/// An event file for TensorBoard: scalars of each step, validation losses, norms, and samples and the recipe as texts.
/// A resumed run adds a file to the folder; TensorBoard drops what an earlier file holds of later steps.
///
/// Messages are `Event` of `tensorboard/compat/proto/event.proto` and `Summary` of `summary.proto`, of which a dozen
/// fields are used.
///
/// @see <a href="https://github.com/tensorflow/tensorboard/tree/master/tensorboard/compat/proto">definitions</a>
public final class TensorBoardFile implements TrainingListener {
    private static final int EVENT_TIME = 1;
    private static final int EVENT_STEP = 2;
    private static final int EVENT_VERSION = 3;
    private static final int EVENT_SUMMARY = 5;
    private static final int EVENT_SESSION = 7;
    private static final int SESSION_STATUS = 1;
    private static final int SESSION_START = 1;
    private static final int SUMMARY_VALUE = 1;
    private static final int VALUE_TAG = 1;
    private static final int VALUE_SIMPLE = 2;
    private static final int VALUE_TENSOR = 8;
    private static final int VALUE_METADATA = 9;
    private static final int METADATA_PLUGIN = 1;
    private static final int METADATA_CLASS = 4;
    private static final int CLASS_TENSOR = 2;
    private static final int PLUGIN_NAME = 1;
    private static final int TENSOR_TYPE = 1;
    private static final int TYPE_STRING = 7;
    private static final int TENSOR_SHAPE = 2;
    private static final int SHAPE_DIMENSION = 2;
    private static final int DIMENSION_SIZE = 1;
    private static final int TENSOR_STRINGS = 8;

    private final RecordFile file;
    private final WarnOnce failures;

    private TensorBoardFile(Path path, RecordFile file, Consumer<String> warnings) {
        this.file = file;
        failures = new WarnOnce(path, warnings);
    }

    /// Makes an event file.
    ///
    /// @param folder TensorBoard's log folder, made if it is missing
    /// @param step updates so far: 0 for a new run
    /// @param warnings receives a message if an event cannot be written
    /// @throws CheckpointException if the file cannot be made
    public static TensorBoardFile create(Path folder, long step, RunDescription run, Consumer<String> warnings)
            throws CheckpointException {
        long now = System.currentTimeMillis();
        try {
            Files.createDirectories(folder);
            for (int i = 0;; i++) {
                Path path = folder.resolve("events.out.tfevents.%d.glia.%d.%d".formatted(now / 1000,
                        ProcessHandle.current().pid(), i));
                try {
                    FileChannel channel = FileChannel.open(path, StandardOpenOption.CREATE_NEW,
                            StandardOpenOption.WRITE);
                    TensorBoardFile events = new TensorBoardFile(path, new RecordFile(channel), warnings);
                    events.start(step, run);
                    return events;
                } catch (FileAlreadyExistsException e) {
                    // Another file of this second: the next number.
                }
            }
        } catch (IOException e) {
            throw new CheckpointException(folder, "", "an event file cannot be written: " + e.getMessage(), e);
        }
    }

    private void start(long step, RunDescription run) {
        write(event(0).text(EVENT_VERSION, "brain.Event:2"));
        if (step > 0) {
            write(event(step + 1).message(EVENT_SESSION, new ProtobufMessage().integer(SESSION_STATUS, SESSION_START)));
        }
        StringBuilder table = new StringBuilder("| key | value |\n|---|---|\n");
        run.recipe().forEach((key, value) -> table.append("| ").append(cell(key)).append(" | ").append(cell(value))
                .append(" |\n"));
        write(event(step).message(EVENT_SUMMARY, text(new ProtobufMessage(), "recipe", table.toString())));
    }

    @Override
    public void step(StepFigures figures) {
        ProtobufMessage summary = new ProtobufMessage();
        scalar(summary, "loss/train", figures.loss());
        scalar(summary, "optimizer/gradient_norm", figures.gradientNorm());
        scalar(summary, "optimizer/learning_rate", figures.learningRate());
        scalar(summary, "speed/tokens_per_second", figures.tokens() / figures.seconds());
        scalar(summary, "speed/tokens_seen", figures.tokensSeen());
        new TreeMap<>(figures.parts()).forEach((name, value) -> scalar(summary, name, value));
        write(event(figures.step()).message(EVENT_SUMMARY, summary));
    }

    @Override
    public void validated(long step, double loss, boolean best) {
        write(event(step).message(EVENT_SUMMARY, scalar(new ProtobufMessage(), "loss/validation", loss)));
    }

    @Override
    public void evaluated(long step, Map<String, Double> figures) {
        measured(step, figures);
    }

    @Override
    public void measured(long step, Map<String, Double> values) {
        ProtobufMessage summary = new ProtobufMessage();
        values.forEach((name, value) -> scalar(summary, name, value));
        write(event(step).message(EVENT_SUMMARY, summary));
    }

    @Override
    public void sampled(long step, Map<String, String> samples) {
        ProtobufMessage summary = new ProtobufMessage();
        int[] number = {0};
        samples.forEach((prompt, text) -> {
            number[0]++;
            text(summary, "samples/" + number[0], code(prompt) + "\n\n" + code(text));
        });
        write(event(step).message(EVENT_SUMMARY, summary));
    }

    @Override
    public void warned(long step, String message) {
        write(event(step).message(EVENT_SUMMARY, text(new ProtobufMessage(), "warnings", code(message))));
    }

    @Override
    public void close() {
        try {
            file.close();
        } catch (IOException e) {
            failures.failed(e);
        }
    }

    private static ProtobufMessage event(long step) {
        return new ProtobufMessage().decimal64(EVENT_TIME, System.currentTimeMillis() / 1e3).integer(EVENT_STEP, step);
    }

    private static ProtobufMessage scalar(ProtobufMessage summary, String name, double value) {
        return summary.message(SUMMARY_VALUE, new ProtobufMessage().text(VALUE_TAG, name)
                .decimal32(VALUE_SIMPLE, (float) value));
    }

    private static ProtobufMessage text(ProtobufMessage summary, String name, String markdown) {
        ProtobufMessage shape = new ProtobufMessage().message(SHAPE_DIMENSION,
                new ProtobufMessage().integer(DIMENSION_SIZE, 1));
        ProtobufMessage tensor = new ProtobufMessage().integer(TENSOR_TYPE, TYPE_STRING).message(TENSOR_SHAPE, shape)
                .text(TENSOR_STRINGS, markdown);
        ProtobufMessage metadata = new ProtobufMessage().message(METADATA_PLUGIN,
                new ProtobufMessage().text(PLUGIN_NAME, "text")).integer(METADATA_CLASS, CLASS_TENSOR);
        return summary.message(SUMMARY_VALUE, new ProtobufMessage().text(VALUE_TAG, name)
                .message(VALUE_TENSOR, tensor).message(VALUE_METADATA, metadata));
    }

    /// A block of code in Markdown: text that is shown as it is.
    private static String code(String text) {
        return text.lines().map(line -> "    " + line).reduce((a, b) -> a + "\n" + b).orElse("    ");
    }

    private static String cell(String text) {
        return text.replace("|", "\\|").replace('\n', ' ');
    }

    private void write(ProtobufMessage event) {
        try {
            file.append(event.bytes());
        } catch (IOException e) {
            failures.failed(e);
        }
    }
}
