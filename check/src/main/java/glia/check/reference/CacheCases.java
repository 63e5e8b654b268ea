package glia.check.reference;

import glia.io.CheckpointException;
import glia.io.safetensors.SafetensorsCheckpoint;
import glia.model.cost.LayerKind.StateSize;
import glia.model.spec.CacheKind;
import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.format.Decode;
import glia.tensor.format.Encode;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.KeyValueType;
import glia.tensor.kernel.KeyValues;
import glia.tensor.kernel.Runs;
import glia.tensor.kernel.Span;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Stream;

/// Sizes and numbers of KV caches: bytes a token of published architectures, and rows of llama.cpp's block formats with
/// attention over them.
public final class CacheCases {
    private static final double ATTENTION = 1e-4;
    private static final Map<String, KeyValueType> TYPES = Map.of("F32", KeyValueType.F32, "BF16", KeyValueType.BF16,
            "Q8_0", KeyValueType.INT8, "Q4_0", KeyValueType.Q4);

    private CacheCases() { }

    /// The group of sizes, `kv-bytes.csv`: a case for each line.
    public static void memory(Path folder, Path goldens, Kernels kernels, Consumer<CaseResult> results)
            throws IOException {
        List<String> lines = Files.readAllLines(folder.resolve("kv-bytes.csv"));
        String[] names = lines.getFirst().split(",");
        for (String line : lines.subList(1, lines.size())) {
            Map<String, String> row = new TreeMap<>();
            // Texts with commas stand after the numbers.
            String[] fields = line.split(",");
            for (int i = 0; i < Math.min(names.length, fields.length); i++) {
                row.put(names[i], fields[i]);
            }
            try {
                results.accept(sizes(row));
            } catch (IllegalArgumentException e) {
                results.accept(CaseResult.failed(row.get("model"), String.valueOf(e.getMessage())));
            }
        }
    }

    private static CaseResult sizes(Map<String, String> row) {
        int layers = number(row, "full_layers");
        int keys = number(row, "kv_heads") * number(row, "key_width");
        int values = number(row, "kv_heads") * number(row, "value_width");
        boolean latent = row.get("kind").equals("MLA");
        CacheKind cache = latent ? new CacheKind.Rows(keys, new Span.Causal())
                : new CacheKind.KeyValues(keys, values, new Span.Causal());
        WorstDifference worst = new WorstDifference();
        same(worst, row, "values_per_token", layers * StateSize.growth(cache));
        int window = number(row, "window");
        long inWindows = 0;
        if (window > 0) {
            int width = number(row, "window_kv_heads")
                    * (number(row, "window_key_width") + number(row, "window_value_width"));
            // The token itself is one of its window.
            CacheKind sliding = new CacheKind.Rows(width, new Span.Sliding(window + 1));
            inWindows = number(row, "window_layers") * StateSize.numbers(sliding, 1 << 20, 1);
            same(worst, row, "window_values_when_full", inWindows);
        }
        TYPES.forEach((name, type) -> same(worst, row, "bytes_per_token_" + name,
                layers * (type.rowBytes(keys) + (latent ? 0 : type.rowBytes(values)))));
        for (int length : new int[] {131_072, 1_048_576}) {
            for (String name : List.of("BF16", "Q4_0")) {
                KeyValueType type = TYPES.get(name);
                same(worst, row, "bytes_at_" + length + "_" + name, layers * StateSize.numbers(cache, length, 64)
                        * type.rowBytes(64) / 64 + inWindows * type.rowBytes(64) / 64);
            }
        }
        return worst.of(row.get("model"));
    }

    private static int number(Map<String, String> row, String name) {
        return Integer.parseInt(row.get(name));
    }

    private static void same(WorstDifference worst, Map<String, String> row, String name, long found) {
        worst.keep(name, Math.abs(found - Double.parseDouble(row.get(name))), 0.5);
    }

    /// The group of block formats.
    public static CaseGroup formats() {
        return new Formats();
    }

    private static final class Formats implements CaseGroup {
        @Override
        public void run(Path folder, Path goldens, Kernels kernels, Consumer<CaseResult> results) throws IOException {
            for (String name : names(folder)) {
                Path file = folder.resolve(name).resolve("tensors.safetensors");
                try (SafetensorsCheckpoint tensors = SafetensorsCheckpoint.open(file); Arena arena = Arena.ofShared()) {
                    switch (method(folder, name)) {
                        case "llama.cpp block formats for KV rows" -> rows(name, tensors, arena, results);
                        case "attention of one query over a quantized KV cache" ->
                                attention(name, tensors, arena, kernels, results);
                        default -> { }
                    }
                }
            }
        }

        @Override
        public List<String> unknown(Path folder) throws IOException {
            List<String> unknown = new ArrayList<>();
            for (String name : names(folder)) {
                if (method(folder, name).startsWith("KIVI")) {
                    unknown.add(name);
                }
            }
            return unknown;
        }

        private static String method(Path folder, String name) throws IOException {
            return CaseFile.parse(folder.resolve(name).resolve("case.json")).path("method").asString("");
        }

        private static List<String> names(Path folder) throws IOException {
            try (Stream<Path> all = Files.list(folder)) {
                return all.filter(Files::isDirectory).map(f -> f.getFileName().toString()).sorted().toList();
            }
        }

        private static DType type(String name) {
            return DType.valueOf(name.toUpperCase(Locale.ROOT));
        }

        private static void rows(String name, SafetensorsCheckpoint tensors, Arena arena,
                Consumer<CaseResult> results) throws CheckpointException {
            CaseTensor x = CaseTensor.of(tensors.tensor("x"));
            for (String type : List.of("q8_0", "q4_0", "q4_1", "q5_0", "q5_1")) {
                CaseTensor bytes = CaseTensor.of(tensors.tensor(type + ".bytes"));
                CaseTensor decoded = CaseTensor.of(tensors.tensor(type + ".dequantized"));
                long memory = arena.allocate(bytes.values().length).address();
                Encode.fromFloats(type(type), x.floats(), 0, x.values().length, memory);
                double[] found = new double[bytes.values().length];
                Arrays.setAll(found, i -> Memory.u8(memory + i));
                float[] back = new float[x.values().length];
                Decode.toFloats(type(type), memory, back, 0, back.length);
                double[] numbers = new double[back.length];
                Arrays.setAll(numbers, i -> back[i]);
                WorstDifference worst = new WorstDifference();
                worst.values("bytes", found, bytes.values(), 1e-9);
                worst.values("dequantized", numbers, decoded.values(), 1e-9);
                results.accept(worst.of(name + "/" + type));
            }
        }

        /// Each of the heads of queries attends to all rows of its group's cache.
        private static void attention(String name, SafetensorsCheckpoint tensors, Arena arena, Kernels kernels,
                Consumer<CaseResult> results) throws CheckpointException {
            Tensor q = tensors.tensor("q");
            int size = q.cols();
            int heads = q.rows();
            CaseTensor k = CaseTensor.of(tensors.tensor("k"));
            int groups = k.dim(0);
            int length = k.dim(1);
            for (String key : tensors.names().stream().filter(n -> n.endsWith(".k_bytes") && !n.contains("rot_"))
                    .sorted().toList()) {
                String pair = key.substring(0, key.indexOf('.'));
                String[] types = {pair.substring(0, 4), pair.substring(5)};
                WorstDifference worst = new WorstDifference();
                Tensor[] rows = new Tensor[2];
                for (int i = 0; i < 2; i++) {
                    rows[i] = rows(pair + (i == 0 ? ".k_bytes" : ".v_bytes"), i == 0 ? "k" : "v", type(types[i]),
                            tensors, arena, groups, length, size, worst);
                }
                Tensor query = Tensor.allocate(arena, DType.F32, 1, heads * size);
                Memory.store(CaseTensor.of(q).floats(), 0, query.address(), heads * size);
                Tensor y = Tensor.allocate(arena, DType.F32, 1, heads * size);
                Tensor sums = Tensor.allocate(arena, DType.F32, 1, heads);
                kernels.attention(y, sums, query, new KeyValues[] {cache(types, rows, arena, groups * size, length)},
                        new Runs().add(1, length - 1), new AttentionShape(heads, groups, size, size,
                                (float) (1 / Math.sqrt(size)), new Span.Causal()));
                double[] found = new double[heads * size];
                Arrays.setAll(found, y::get);
                worst.values("attention", found, CaseTensor.of(tensors.tensor(pair + ".o")).values(), ATTENTION);
                results.accept(worst.of(name + "/" + pair));
            }
        }

        /// The decoded rows of all groups side by side, with the bytes compared.
        private static Tensor rows(String bytesName, String name, DType type, SafetensorsCheckpoint tensors,
                Arena arena, int groups, int length, int size, WorstDifference worst) throws CheckpointException {
            CaseTensor expected = CaseTensor.of(tensors.tensor(bytesName));
            float[] numbers = CaseTensor.of(tensors.tensor(name)).floats();
            long memory = arena.allocate(expected.values().length).address();
            double[] bytes = new double[expected.values().length];
            Arrays.setAll(bytes, i -> expected.values()[i]);
            Encode.fromFloats(type, numbers, 0, numbers.length, memory);
            int differing = 0;
            for (int i = 0; i < bytes.length; i++) {
                differing += Memory.u8(memory + i) != bytes[i] ? 1 : 0;
                Memory.i8(memory + i, (int) bytes[i]);
            }
            // The reference's processor rounds halves of 8 bits to even.
            worst.keep("bytes of " + name, (double) differing / bytes.length, type == DType.Q8_0 ? 1e-2 : 1e-9);
            float[] decoded = new float[numbers.length];
            Decode.toFloats(type, memory, decoded, 0, decoded.length);
            Tensor rows = Tensor.allocate(arena, DType.F32, length, groups * size);
            for (int g = 0; g < groups; g++) {
                for (int p = 0; p < length; p++) {
                    Memory.store(decoded, (g * length + p) * size, rows.address() + p * rows.rowBytes() + 4L * g * size,
                            size);
                }
            }
            return rows;
        }

        /// The cache in its own type where there is one, else in F32: what attention reads is the same.
        private static KeyValues cache(String[] types, Tensor[] rows, Arena arena, int cols, int length) {
            Optional<KeyValueType> type = KeyValueType.named(types[0] + ":" + types[1])
                    .filter(t -> t.ofKeys() != KeyValueType.INT8 && t.ofValues() != KeyValueType.INT8);
            if (type.isEmpty()) {
                return KeyValues.of(rows[0], rows[1]);
            }
            KeyValues cache = new KeyValues(type.get(), length, cols, cols);
            long keys = arena.allocate(length * type.get().ofKeys().rowBytes(cols)).address();
            long values = arena.allocate(length * type.get().ofValues().rowBytes(cols)).address();
            type.get().ofKeys().store(rows[0].address(), cols, length, keys);
            type.get().ofValues().store(rows[1].address(), cols, length, values);
            cache.addPage(keys, values);
            cache.setLength(length);
            return cache;
        }
    }
}
