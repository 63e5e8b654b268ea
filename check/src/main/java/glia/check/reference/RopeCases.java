package glia.check.reference;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.safetensors.SafetensorsCheckpoint;
import glia.model.family.Families;
import glia.model.spec.Attention;
import glia.model.spec.Rope;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.RopeTable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Tables of rotary positions: frequencies of configs, and cosines and sines at positions of up to millions. Each
/// folder of the group has settings in `case.json` and numbers in `tensors.safetensors`, `[positions, pairs]`.
///
/// Frequencies are compared with the exact ones. Cosines and sines are those of the reference's own frequencies: one
/// rounding of a frequency moves the angle at position 1,000,000 by 0.06.
public final class RopeCases implements CaseGroup {
    private static final double FREQUENCIES = 2e-7;
    private static final double TURNS = 1e-6;

    /// For [glia.check.CaseTree].
    public RopeCases() { }

    @Override
    public void run(Path folder, Path goldens, Kernels kernels, Consumer<CaseResult> results) throws IOException {
        for (String name : FolderCases.names(folder)) {
            Path file = folder.resolve(name).resolve(FolderCases.JSON);
            JsonNode root = CaseFile.parse(file);
            if (!isTable(root)) {
                continue;
            }
            try (SafetensorsCheckpoint tensors = SafetensorsCheckpoint.open(
                    file.resolveSibling("tensors.safetensors"))) {
                int[] positions = CaseTensor.of(tensors.tensor("positions")).ints();
                for (Map.Entry<String, JsonNode> each : root.path("cases").properties()) {
                    results.accept(result(name + "/" + each.getKey(), file, each, positions, tensors));
                }
            }
        }
    }

    @Override
    public List<String> unknown(Path folder) throws IOException {
        List<String> unknown = new ArrayList<>();
        for (String name : FolderCases.names(folder)) {
            if (!isTable(CaseFile.parse(folder.resolve(name).resolve(FolderCases.JSON)))) {
                unknown.add(name);
            }
        }
        return unknown;
    }

    private static boolean isTable(JsonNode root) {
        return root.path("method").asString("").equals("RoPE tables");
    }

    private static CaseResult result(String id, Path file, Map.Entry<String, JsonNode> each, int[] positions,
            SafetensorsCheckpoint tensors) {
        try {
            return compare(id, rope(file, each.getValue()), each, positions, tensors);
        } catch (IOException | IllegalArgumentException e) {
            return CaseResult.failed(id, e.getMessage());
        }
    }

    /// The rotation of a Llama of one layer with these settings.
    private static Rope.Rotary rope(Path file, JsonNode settings) throws CheckpointException {
        if (!(settings instanceof ObjectNode object)) {
            throw new IllegalArgumentException("found " + settings + ", expected an object of settings");
        }
        ObjectNode config = object.deepCopy();
        config.put("model_type", "llama").put("vocab_size", 1).put("num_hidden_layers", 1)
                .put("num_attention_heads", 1).put("intermediate_size", 1).put("rms_norm_eps", 1e-5)
                .set("hidden_size", settings.path("head_dim"));
        return (Rope.Rotary) ((Attention) Families.spec(Config.parse(file, config.toString())).sublayers().getFirst()
                .mixer()).rope();
    }

    private static CaseResult compare(String id, Rope.Rotary rope, Map.Entry<String, JsonNode> each, int[] positions,
            SafetensorsCheckpoint tensors) throws CheckpointException {
        WorstDifference worst = new WorstDifference();
        worst.values("attention_factor", new double[] {rope.scaling().attentionFactor(positions[0] + 1)},
                new double[] {each.getValue().path("attention_factor").asDouble()}, TURNS);
        CaseTensor exact = CaseTensor.of(tensors.tensor(each.getKey() + ".inv_freq64"));
        CaseTensor rounded = CaseTensor.of(tensors.tensor(each.getKey() + ".inv_freq32"));
        double[] cosines = CaseTensor.of(tensors.tensor(each.getKey() + ".cos32")).values();
        double[] sines = CaseTensor.of(tensors.tensor(each.getKey() + ".sin32")).values();
        int pairs = exact.dim(1);
        for (int i = 0; i < positions.length; i++) {
            int from = i * pairs;
            int end = from + pairs;
            String at = " at position " + positions[i];
            int context = positions[i] + 1;
            double[] expected = Arrays.copyOfRange(exact.values(), from, end);
            double[] shares = rope.frequencies(context);
            if (shares.length != pairs) {
                throw new IllegalArgumentException("computed " + shares.length + " frequencies, the reference has "
                        + pairs);
            }
            double[] ones = new double[pairs];
            Arrays.fill(ones, 1);
            for (int pair = 0; pair < pairs; pair++) {
                shares[pair] = expected[pair] == 0 ? 1 + shares[pair] : shares[pair] / expected[pair];
            }
            worst.values("frequencies" + at, shares, ones, FREQUENCIES);
            float[] row = new RopeTable(Arrays.copyOfRange(rounded.floats(), from, end),
                    (float) rope.scaling().attentionFactor(context), rope.layout()).row(positions[i]);
            double[] turns = new double[2 * pairs];
            Arrays.setAll(turns, j -> row[j]);
            worst.values("cosines" + at, Arrays.copyOf(turns, pairs), Arrays.copyOfRange(cosines, from, end), TURNS);
            worst.values("sines" + at, Arrays.copyOfRange(turns, pairs, 2 * pairs),
                    Arrays.copyOfRange(sines, from, end), TURNS);
        }
        return worst.of(id);
    }
}
