package glia.peer;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import glia.engine.LanguageModel;
import glia.engine.embedding.Embedder;
import glia.engine.embedding.EmbeddingConfig;
import glia.engine.load.LoadOptions;
import glia.io.safetensors.SafetensorsWriter;
import glia.model.layout.Pooling;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.nio.LongBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;

/// Embeddings a second of Glia beside ONNX Runtime, in turns in one process, as medians after a warm-up.
public final class EmbeddingBench {
    private static final int THREADS = 2;
    private static final int ROUNDS = 15;
    private static final double ROUND_SECONDS = 0.3;

    private EmbeddingBench() { }

    private interface Run {
        Object once() throws Exception;
    }

    /// Prints the table.
    public static void main(String[] args) throws Exception {
        Path folder = Files.createTempDirectory("minilm");
        MiniLm.convert(folder);
        try (MiniLm onnx = new MiniLm(THREADS);
                LanguageModel exact = LanguageModel.load(folder, options(Precision.EXACT));
                LanguageModel half = LanguageModel.load(folder, options(Precision.HALF))) {
            System.out.println("all-MiniLM-L6-v2, " + THREADS + " threads, kernels " + half.kernels().kernels().name()
                    + "; texts a second");
            System.out.println("texts  tokens  ONNX Runtime  exact  ratio  half  ratio");
            Embedder exactly = new Embedder(exact, EmbeddingConfig.of(Pooling.MEAN, true));
            Embedder halved = new Embedder(half, EmbeddingConfig.of(Pooling.MEAN, true));
            for (int tokens : new int[] {16, 128}) {
                for (int count : new int[] {1, 32}) {
                    List<int[]> texts = texts(count, tokens);
                    List<Embedder.Input> inputs = texts.stream().map(Embedder.Input::of).toList();
                    double[] rates = rates(count, () -> onnx.embed(texts), () -> exactly.embed(inputs),
                            () -> halved.embed(inputs));
                    System.out.printf(Locale.ROOT, "%5d  %6d  %12.1f  %7.1f  %4.2f  %7.1f  %4.2f%n", count, tokens,
                            rates[0], rates[1], rates[1] / rates[0], rates[2], rates[2] / rates[0]);
                }
            }
        }
    }

    private static LoadOptions options(Precision precision) {
        return new LoadOptions(THREADS, 0, "auto", precision);
    }

    private static List<int[]> texts(int count, int tokens) {
        Random random = new Random(4);
        List<int[]> texts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            texts.add(random.ints(tokens, 1000, 30_000).toArray());
        }
        return texts;
    }

    private static double[] rates(int texts, Run... runs) throws Exception {
        double[][] all = new double[runs.length][ROUNDS];
        for (int round = -3; round < ROUNDS; round++) {
            for (int i = 0; i < runs.length; i++) {
                long start = System.nanoTime();
                int count = 0;
                do {
                    runs[i].once();
                    count++;
                } while (System.nanoTime() - start < ROUND_SECONDS * 1e9);
                if (round >= 0) {
                    all[i][round] = texts * count / ((System.nanoTime() - start) / 1e9);
                }
            }
        }
        return Arrays.stream(all).mapToDouble(rates -> {
            Arrays.sort(rates);
            return rates[ROUNDS / 2];
        }).toArray();
    }

    /// The sentence encoder all-MiniLM-L6-v2 as a Maven artifact has it: for ONNX Runtime as it is, for Glia as a
    /// folder in the hub's layout. https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2
    static final class MiniLm implements AutoCloseable {
        static final int CONTEXT = 512;
        private static final String CONFIG = """
                {"model_type": "bert", "architectures": ["BertModel"], "vocab_size": 30522, "hidden_size": 384,
                 "num_hidden_layers": 6, "num_attention_heads": 12, "intermediate_size": 1536,
                 "max_position_embeddings": 512, "type_vocab_size": 2, "layer_norm_eps": 1e-12, "hidden_act": "gelu"}
                """;

        private final OrtEnvironment environment = OrtEnvironment.getEnvironment();
        private final OrtSession session;

        /// @param threads that ONNX Runtime computes with
        MiniLm(int threads) throws IOException, OrtException {
            OrtSession.SessionOptions options = new OrtSession.SessionOptions();
            options.setIntraOpNumThreads(threads);
            options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
            session = environment.createSession(resource("/all-minilm-l6-v2.onnx"), options);
        }

        private static byte[] resource(String name) throws IOException {
            try (InputStream in = MiniLm.class.getResourceAsStream(name)) {
                return in.readAllBytes();
            }
        }

        /// Writes the model to a folder that Glia reads.
        static void convert(Path folder) throws IOException {
            try (Arena arena = Arena.ofConfined()) {
                Map<String, Tensor> tensors = new LinkedHashMap<>();
                OnnxWeights.read(resource("/all-minilm-l6-v2.onnx")).forEach((name, weight) ->
                        tensors.put(name, Tensor.of(arena, weight.values(), weight.shape())));
                SafetensorsWriter.write(folder.resolve("model.safetensors"), tensors, Map.of());
            }
            Files.writeString(folder.resolve("config.json"), CONFIG);
            Files.write(folder.resolve("tokenizer.json"), resource("/all-minilm-l6-v2-tokenizer.json"));
        }

        /// ONNX Runtime's vectors of texts of any lengths: hidden states, the mean over each text's tokens, length 1.
        float[][] embed(List<int[]> texts) throws OrtException {
            int longest = texts.stream().mapToInt(t -> t.length).max().orElse(0);
            long[] ids = new long[texts.size() * longest];
            long[] mask = new long[ids.length];
            for (int t = 0; t < texts.size(); t++) {
                for (int i = 0; i < texts.get(t).length; i++) {
                    ids[t * longest + i] = texts.get(t)[i];
                    mask[t * longest + i] = 1;
                }
            }
            long[] shape = {texts.size(), longest};
            try (OnnxTensor a = OnnxTensor.createTensor(environment, LongBuffer.wrap(ids), shape);
                    OnnxTensor b = OnnxTensor.createTensor(environment, LongBuffer.wrap(mask), shape);
                    OnnxTensor c = OnnxTensor.createTensor(environment, LongBuffer.wrap(new long[ids.length]), shape);
                    OrtSession.Result result = session.run(
                            Map.of("input_ids", a, "attention_mask", b, "token_type_ids", c))) {
                float[][][] hidden = (float[][][]) result.get(0).getValue();
                float[][] vectors = new float[texts.size()][];
                for (int t = 0; t < vectors.length; t++) {
                    vectors[t] = mean(Arrays.copyOf(hidden[t], texts.get(t).length));
                }
                return vectors;
            }
        }

        private static float[] mean(float[][] rows) {
            float[] mean = new float[rows[0].length];
            double square = 0;
            for (int i = 0; i < mean.length; i++) {
                for (float[] row : rows) {
                    mean[i] += row[i];
                }
                square += (double) mean[i] * mean[i];
            }
            for (int i = 0; i < mean.length; i++) {
                mean[i] /= (float) Math.sqrt(square);
            }
            return mean;
        }

        @Override
        public void close() throws OrtException {
            session.close();
        }
    }
}
