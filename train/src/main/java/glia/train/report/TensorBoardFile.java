package glia.train.report;

import glia.io.CheckpointException;
import glia.train.run.TrainingListener.StepFigures;
import glia.train.run.TrainingListener;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.zip.CRC32C;

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

    /// A file of TFRecords: the length of a record in 8 bytes, the masked CRC-32C of these, the record and its masked
    /// CRC-32C, all little-endian.
    ///
    /// @see <a href="https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details">TFRecord
    ///        format</a>
    static final class RecordFile implements AutoCloseable {
        private static final int MASK_DELTA = 0xa282ead8;
        private static final int FRAME_BYTES = 16;

        private final FileChannel channel;
        private long end;

        RecordFile(FileChannel channel) {
            this.channel = channel;
        }

        /// Appends a record. After a failed write the next record takes its place.
        void append(byte[] content) throws IOException {
            ByteBuffer bytes = ByteBuffer.allocate(content.length + FRAME_BYTES).order(ByteOrder.LITTLE_ENDIAN);
            bytes.putLong(content.length);
            bytes.putInt(maskedCrc(bytes.array(), 0, Long.BYTES));
            bytes.put(content);
            bytes.putInt(maskedCrc(content, 0, content.length));
            bytes.flip();
            long at = end;
            while (bytes.hasRemaining()) {
                at += channel.write(bytes, at);
            }
            end = at;
        }

        /// The checksum rotated right by 15 bits, plus a constant, so that a checksum of data that holds checksums
        /// differs.
        static int maskedCrc(byte[] bytes, int from, int length) {
            CRC32C crc = new CRC32C();
            crc.update(bytes, from, length);
            return Integer.rotateRight((int) crc.getValue(), 15) + MASK_DELTA;
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }

    /// Encodes the few kinds of fields that TensorBoard's messages have in the protobuf wire format.
    ///
    /// @see <a href="https://protobuf.dev/programming-guides/encoding/">Protobuf encoding</a>
    static final class ProtobufMessage {
        private static final int VARINT = 0;
        private static final int FIXED_64 = 1;
        private static final int LENGTH_DELIMITED = 2;
        private static final int FIXED_32 = 5;

        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        ProtobufMessage integer(int field, long value) {
            tag(field, VARINT);
            varint(value);
            return this;
        }

        ProtobufMessage decimal64(int field, double value) {
            tag(field, FIXED_64);
            bytes.writeBytes(ByteBuffer.allocate(Double.BYTES).order(ByteOrder.LITTLE_ENDIAN).putDouble(value).array());
            return this;
        }

        ProtobufMessage decimal32(int field, float value) {
            tag(field, FIXED_32);
            bytes.writeBytes(ByteBuffer.allocate(Float.BYTES).order(ByteOrder.LITTLE_ENDIAN).putFloat(value).array());
            return this;
        }

        ProtobufMessage text(int field, String value) {
            return content(field, value.getBytes(StandardCharsets.UTF_8));
        }

        ProtobufMessage message(int field, ProtobufMessage value) {
            return content(field, value.bytes());
        }

        byte[] bytes() {
            return bytes.toByteArray();
        }

        private ProtobufMessage content(int field, byte[] content) {
            tag(field, LENGTH_DELIMITED);
            varint(content.length);
            bytes.writeBytes(content);
            return this;
        }

        private void tag(int field, int wireType) {
            varint((long) field << 3 | wireType);
        }

        private void varint(long value) {
            long rest = value;
            while ((rest & ~0x7fL) != 0) {
                bytes.write((int) (rest & 0x7f | 0x80));
                rest >>>= 7;
            }
            bytes.write((int) rest);
        }
    }
}
