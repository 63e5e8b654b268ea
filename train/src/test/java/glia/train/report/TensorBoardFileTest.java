package glia.train.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import glia.train.report.TensorBoardFile.ProtobufMessage;
import glia.train.report.TensorBoardFile.RecordFile;
import glia.train.run.TrainingListener.StepFigures;
import glia.train.run.TrainingListener;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TensorBoardFileTest {
    @TempDir
    private Path folder;
    private final List<String> warnings = new ArrayList<>();

    private void write(long from, long to) throws Exception {
        try (TensorBoardFile file = TensorBoardFile.create(folder, from, SimulatedRun.description(400),
                warnings::add)) {
            SimulatedRun.events(file, from, to);
        }
    }

    /// RFC 3720, appendix B.4: the CRC-32C of 32 zeros is 8a9136aa.
    @Test
    void checksumsAreMaskedAsInTensorFlow() {
        assertEquals(Integer.rotateRight(0x8a9136aa, 15) + 0xa282ead8, RecordFile.maskedCrc(new byte[32], 0, 32));
    }

    /// The examples of protobuf's page on its encoding, and a negative integer.
    @Test
    void fieldsAreEncodedAsProtobufSays() {
        assertEquals("089601", hex(new ProtobufMessage().integer(1, 150)));
        assertEquals("120774657374696e67", hex(new ProtobufMessage().text(2, "testing")));
        assertEquals("1a03089601", hex(new ProtobufMessage().message(3, new ProtobufMessage().integer(1, 150))));
        assertEquals("08ffffffffffffffffff01", hex(new ProtobufMessage().integer(1, -1)));
        assertEquals("0d0000803f11000000000000f03f", hex(new ProtobufMessage().decimal32(1, 1).decimal64(2, 1)));
    }

    private static String hex(ProtobufMessage message) {
        return HexFormat.of().formatHex(message.bytes());
    }

    @Test
    void recordsAreFramed() throws Exception {
        write(0, 50);
        Path file;
        try (Stream<Path> files = Files.list(folder)) {
            file = files.toList().getFirst();
        }
        assertTrue(file.getFileName().toString().startsWith("events.out.tfevents."));
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        int records = 0;
        while (bytes.hasRemaining()) {
            int at = bytes.position();
            int length = (int) bytes.getLong();
            assertEquals(RecordFile.maskedCrc(bytes.array(), at, 8), bytes.getInt());
            assertEquals(RecordFile.maskedCrc(bytes.array(), at + 12, length), bytes.getInt(at + 12 + length));
            bytes.position(at + 16 + length);
            records++;
        }
        assertEquals(2 + 50 + 2, records);
        assertEquals(List.of(), warnings);
    }

    /// TensorBoard's own reader finds the same numbers; `GLIA_PYTHON` is a Python that has the package tensorboard.
    @Test
    @Tag("peer")
    void tensorBoardReadsTheFiles() throws Exception {
        String python = System.getenv("GLIA_PYTHON");
        assumeTrue(python != null, "GLIA_PYTHON names no Python with tensorboard");
        write(0, 250);
        // The number of the second file follows the second of its name.
        Thread.sleep(1100);
        write(200, 400);
        String script = """
                import sys
                from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
                events = EventAccumulator(sys.argv[1], size_guidance={'scalars': 0, 'tensors': 0})
                events.Reload()
                loss = events.Scalars('loss/train')
                print(len(loss), [e.step for e in loss] == list(range(1, 401)))
                print('%.4f %.4f' % (loss[6].value, loss[399].value))
                print(len(events.Scalars('loss/validation')), len(events.Scalars('weight_norm/EMBEDDING')))
                print(repr(events.Tensors('samples/2')[0].tensor_proto.string_val[0].decode()))
                print(events.SummaryMetadata('samples/2').plugin_data.plugin_name)
                recipe = events.Tensors('recipe')[0].tensor_proto.string_val[0].decode()
                print('| data.text | shakespeare.txt |' in recipe)
                """;
        Process process = new ProcessBuilder(python, "-c", script, folder.toString())
                .redirectError(ProcessBuilder.Redirect.DISCARD).start();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        process.getInputStream().transferTo(out);
        assertEquals(0, process.waitFor());
        List<Double> losses = new ArrayList<>();
        SimulatedRun.events(new TrainingListener() {
            @Override
            public void step(StepFigures figures) {
                losses.add(figures.loss());
            }
        }, 0, 400);
        assertEquals(List.of("400 True", "%.4f %.4f".formatted(losses.get(6), losses.get(399)), "8 8",
                "'    JULIET:\\n\\n     O Romeo, Romeo!\\n    wherefore art thou 200 times?'", "text", "True"),
                out.toString(StandardCharsets.UTF_8).lines().toList());
    }
}
