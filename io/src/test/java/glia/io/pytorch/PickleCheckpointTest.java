package glia.io.pytorch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.Fixtures;
import glia.io.load.Checkpoints;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.format.Decode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Files of torch.save (PyTorch 2) and hostile ones. The files are `state_dict` with views, a transposed tensor, types,
/// an empty tensor, a module's attributes and a parameter.
class PickleCheckpointTest {
    /// `OrderedDict()` with an item "a".
    private static final String DICT = "\u0080\u0002}X\1\0\0\0a";
    /// The arguments of a tensor of four numbers up to its sizes: storage 0 from 0 on.
    private static final String TENSOR = "ctorch._utils\n_rebuild_tensor_v2\n((X\7\0\0\0storagectorch\nFloatStorage\n"
            + "X\1\0\0\0" + "0X\3\0\0\0cpuK\4tQ";
    private static final String END = "\u0089ccollections\nOrderedDict\n)RtRs.";

    @TempDir Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"zip.bin", "legacy.bin", "protocol4.bin", "lightning.bin"})
    void tensorsAreThoseOfPyTorch(String name) throws Exception {
        try (Checkpoint file = Checkpoints.open(Fixtures.path("pytorch/" + name))) {
            assertEquals(12, file.names().size());
            assertValues(file.tensor("f32"), DType.F32, counting(0, 24, 1));
            assertValues(file.tensor("view"), DType.F32, counting(6, 12, 1));
            Tensor transposed = file.tensor("transposed");
            assertArrayEquals(new long[] {6, 4}, transposed.shape());
            for (int i = 0; i < 24; i++) {
                assertEquals(i % 4 * 6 + i / 4, transposed.get(i));
            }
            assertValues(file.tensor("bf16"), DType.BF16, counting(0, 5, 1));
            assertValues(file.tensor("f16"), DType.F16, 1.5f, -2);
            assertEquals(DType.I64, file.tensor("i64").dtype());
            assertArrayEquals(new byte[] {1, 0}, Fixtures.bytes(file.tensor("bool")));
            assertArrayEquals(new long[0], file.tensor("scalar").shape());
            assertValues(file.tensor("scalar"), DType.F32, 7);
            assertArrayEquals(new long[] {0, 3}, file.tensor("empty").shape());
            assertValues(file.tensor("w.weight"), DType.F32, counting(0, 6, 1));
            assertValues(file.tensor("parameter"), DType.F32, 3, 4);
        }
    }

    private static float[] counting(int from, int count, int step) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = from + i * step;
        }
        return values;
    }

    private static void assertValues(Tensor tensor, DType dtype, float... values) {
        assertEquals(dtype, tensor.dtype());
        assertEquals(values.length, tensor.size());
        Tensor wide = Decode.widen(tensor, Arena.ofAuto());
        for (int i = 0; i < values.length; i++) {
            assertEquals(values[i], wide.get(i));
        }
    }

    @Test
    void typesWithoutAStorageOfTheirOwn() throws Exception {
        try (Checkpoint file = Checkpoints.open(Fixtures.path("pytorch/fp8.bin"))) {
            assertValues(file.tensor("fp8"), DType.F8_E4M3, 1, 2);
        }
    }

    @Test
    void shardsWithAnIndex() throws Exception {
        Files.copy(Fixtures.path("pytorch/zip.bin"), folder.resolve("pytorch_model-00001-of-00002.bin"));
        Files.copy(Fixtures.path("pytorch/fp8.bin"), folder.resolve("pytorch_model-00002-of-00002.bin"));
        Path index = folder.resolve(PickleCheckpoint.INDEX_NAME);
        Files.writeString(index, "{\"weight_map\":{\"f32\":\"pytorch_model-00001-of-00002.bin\","
                + "\"fp8\":\"pytorch_model-00002-of-00002.bin\"}}");
        try (Checkpoint all = Checkpoints.open(folder)) {
            assertEquals(13, all.names().size());
        }
        Files.writeString(index, "{\"weight_map\":{\"f32\":\"../x.bin\"}}");
        Fixtures.assertSays(assertThrows(CheckpointException.class, () -> Checkpoints.open(folder)), "file name");
    }

    @ParameterizedTest
    @CsvSource({"posix,system", "builtins,eval", "os,system", "torch.serialization,load", "torch._utils,_rebuild_x",
        "numpy.core.multiarray,scalar", "torch.storage,_load_from_bytes"})
    void otherNamesAreRefused(String module, String name) throws Exception {
        refused("\u0080\u0002c" + module + "\n" + name + "\nX\2\0\0\0ls\u0085R.", module + "." + name);
        refused("\u0080\u0004\u008c" + (char) module.length() + module + "\u008c" + (char) name.length() + name
                + "\u0093.", module + "." + name);
    }

    @ParameterizedTest
    @CsvSource({"i,INST", "o,OBJ", "P,PERSID", "V,UNICODE", "\u0081,NEWOBJ", "\u0092,NEWOBJ_EX", "\u0082,EXT1", "2,DUP",
        "\u0096,BYTEARRAY8", "\u008f,EMPTY_SET", "\u00ff,0xff"})
    void otherOpcodesAreRefused(String opcode, String name) throws Exception {
        refused("\u0080\u0002(" + opcode + "posix\nsystem\n.", name);
    }

    @Test
    void whatIsNoTensorIsRefused() throws Exception {
        refused("\u0080\u0002K\1.", "no dictionary");
        refused(DICT + "K\1s.", "a", "is no tensor");
        refused(DICT + "]s.", "a", "is no tensor");
        refused("\u0080\u0002}}K\1s.", "keys");
        refused("\u0080\u0002(X\6\0\0\0moduleK\1tQ.", "module");
        refused("\u0080\u0002K\1}b.", "damaged");
        refused("\u0080\u0001.", "version 1");
        refused("\u0080\u0002K\1K\2R.", "damaged");
        refused("\u0080\u0002t.", "damaged");
        refused("\u0080\u0002h\7.", "item 7");
        refused("\u0080\u0002X\377\377\377\177a", "length");
        refused("\u0080\u0002" + "ctorch\nFloatStorage\n)R.", "torch.FloatStorage");
    }

    @Test
    void tensorsMustLieInTheirStorage() throws Exception {
        try (Checkpoint file = Checkpoints.open(file(DICT + TENSOR + "K\1K\2\u0085K\1\u0085" + END))) {
            assertArrayEquals(new long[] {2}, file.tensor("a").shape());
        }
        refused(DICT + TENSOR + "K\3K\2\u0085K\1\u0085" + END, "tensor a", "inside");
        refused(DICT + TENSOR + "J\377\377\377\377K\2\u0085K\1\u0085" + END, "tensor a", "inside");
        refused(DICT + TENSOR + "K\0K\2\u0085K\4\u0085" + END, "tensor a", "inside");
        refused(DICT + TENSOR + "K\3K\2\u0085J\377\377\377\377\u0085" + END, "tensor a", "inside");
        // An expanded tensor would take more memory than the file.
        refused(DICT + TENSOR + "K\0J\377\377\377\177\u0085K\0\u0085" + END, "tensor a", "inside");
        refused(DICT + TENSOR + "K\0J\377\377\377\377\u0085K\1\u0085" + END, "tensor a", "negative");
        refused(DICT + TENSOR + "K\0" + "J\377\377\377\177".repeat(3) + "\u0087K\1K\1K\1\u0087" + END, "tensor a");
        refused(DICT + TENSOR.replace("0X\3", "9X\3") + "K\0K\2\u0085K\1\u0085" + END, "tensor a", "no numbers");
    }

    /// A list of 20,000 items that is made a dictionary again and again: little to read, much to do.
    @Test
    void workIsBounded() throws Exception {
        refused("\u0080\u0002](" + "X\1\0\0\0aK\1\u0086".repeat(20_000) + "eq\1"
                + "ccollections\nOrderedDict\nq\2h\1\u0085R"
                + "h\2h\1\u0085R".repeat(1000) + ".", "opcodes");
    }

    @Test
    void cutAndDamagedFilesAreErrors() throws Exception {
        for (String name : List.of("zip.bin", "legacy.bin")) {
            byte[] whole = Files.readAllBytes(Fixtures.path("pytorch/" + name));
            Path file = folder.resolve("cut.bin");
            for (int n = 0; n < whole.length; n += 7) {
                Files.write(file, Arrays.copyOf(whole, n));
                assertThrows(CheckpointException.class, () -> Checkpoints.open(file).close());
            }
            for (int n = 0; n < whole.length; n++) {
                byte[] changed = whole.clone();
                changed[n] ^= (byte) (0x55 + n);
                Files.write(file, changed);
                try (Checkpoint checkpoint = Checkpoints.open(file)) {
                    for (String tensor : checkpoint.names()) {
                        Fixtures.bytes(checkpoint.tensor(tensor));
                    }
                } catch (CheckpointException e) {
                    // The other end of damage.
                }
            }
        }
    }

    @Test
    void otherArchivesAreNamed() throws Exception {
        Path compressed = folder.resolve("compressed.bin");
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(compressed))) {
            zip.putNextEntry(new ZipEntry("m/data.pkl"));
            zip.write(new byte[1000]);
        }
        says(compressed, "data.pkl", "compressed");
        says(write("text.bin", "hello".getBytes(StandardCharsets.UTF_8)), "expected a file of torch.save");
        says(write("pointer.bin", "version https://git-lfs.github.com/spec/v1\n".getBytes(StandardCharsets.UTF_8)),
                "git lfs pull");
        says(write("pickle.bin", latin1("\u0080\u0002}.")), "not one of torch.save");
    }

    private Path write(String name, byte[] bytes) throws IOException {
        return Files.write(folder.resolve(name), bytes);
    }

    private static byte[] latin1(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private void refused(String pickle, String... parts) throws Exception {
        says(file(pickle), parts);
    }

    private static void says(Path file, String... parts) {
        Fixtures.assertSays(assertThrows(CheckpointException.class, () -> Checkpoints.open(file).close()), parts);
    }

    /// A file as torch.save writes it, with this pickle and a storage of four numbers.
    private Path file(String pickle) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            store(zip, "m/data.pkl", latin1(pickle));
            store(zip, "m/data/0", new byte[16]);
        }
        return write("model.bin", bytes.toByteArray());
    }

    private static void store(ZipOutputStream zip, String name, byte[] content) throws IOException {
        ZipEntry entry = new ZipEntry(name);
        CRC32 sum = new CRC32();
        sum.update(content);
        entry.setMethod(ZipEntry.STORED);
        entry.setSize(content.length);
        entry.setCrc(sum.getValue());
        zip.putNextEntry(entry);
        zip.write(content);
    }
}
