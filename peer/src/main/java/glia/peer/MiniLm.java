package glia.peer;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import glia.io.safetensors.SafetensorsWriter;
import glia.tensor.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.nio.LongBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The sentence encoder all-MiniLM-L6-v2 as a Maven artifact has it: for ONNX Runtime as it is, for Glia as a folder in
/// the hub's layout. https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2
final class MiniLm implements AutoCloseable {
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
