package glia.engine;

import glia.engine.load.TextLoader;
import glia.engine.thinking.ThinkingOptions;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.file.AtomicFile;
import glia.text.template.ChatMessage;
import glia.text.template.RenderOptions;
import glia.text.thinking.Effort;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/// Chooses the effort of a prompt. For each effort a logistic probe on the prompt's pooled hidden states
/// ([#features]) estimates the probability of a right answer, as linear probes estimate whether a
/// model will be right (https://arxiv.org/abs/2207.05221). The cheapest effort whose probability is within a margin of
/// the highest is chosen.
///
/// @param mean of each feature
/// @param scale what each feature, less its mean, is multiplied by
/// @param probes of the efforts, cheapest first
/// @param margin how far below the highest probability that of the chosen effort may be
public record EffortRouter(double[] mean, double[] scale, List<Probe> probes, double margin) {
    /// The name of the file in a model's folder; a GGUF file has `NAME.router.json` beside it.
    public static final String FILE = "router.json";
    private static final int VERSION = 1;

    /// @param weights of the scaled features
    /// @param bias the logit at their mean
    public record Probe(Effort effort, double[] weights, double bias) { }

    /// @throws IllegalArgumentException if sizes differ, or there are no probes
    public EffortRouter {
        probes = List.copyOf(probes);
        int size = mean.length;
        if (probes.isEmpty() || scale.length != size || probes.stream().anyMatch(p -> p.weights.length != size)) {
            throw new IllegalArgumentException("a router of " + probes.size() + " probes, " + size + " means and "
                    + scale.length + " scales; expected at least one probe, and as many weights, means and scales as "
                    + "features");
        }
    }

    /// The router's file of a model.
    public static Path file(Path model) {
        return TextLoader.beside(model, FILE);
    }

    /// What routers read of a question: its last hidden states in a prompt without thinking, their mean and that of the
    /// last token, `[2 D]`. Of long prompts the end counts.
    ///
    /// @throws IllegalArgumentException if the model does not think
    /// @throws IllegalStateException if the model is closed
    public static float[] features(LanguageModel model, String question) {
        int size = model.model().spec().hiddenSize();
        RenderOptions instant = model.thinking().render(model.renderOptions(), ThinkingOptions.of(Effort.INSTANT));
        int[] all = model.tokenizer().encode(model.template().orElseThrow().renderTrusted(
                List.of(ChatMessage.user(question)), instant), false);
        int[] ids = Arrays.copyOfRange(all, Math.max(0, all.length - model.contextLength()), all.length);
        float[] features = new float[2 * size];
        new HiddenStates(model).read(List.of(ids), false, "", () -> true, (hidden, row, _, position) -> {
            for (int i = 0; i < size; i++) {
                float x = hidden.get((long) row * size + i);
                features[i] += x / ids.length;
                features[size + i] = x;
            }
        });
        return features;
    }

    /// The estimated probabilities of a right answer, in the order of the probes.
    ///
    /// @throws IllegalArgumentException if the number of features differs
    public double[] probabilities(float[] features) {
        if (features.length != mean.length) {
            throw new IllegalArgumentException("the router reads " + mean.length + " features, but the model has "
                    + features.length + ": it was trained with another model; train it again with glia reason router");
        }
        double[] scaled = new double[features.length];
        for (int i = 0; i < scaled.length; i++) {
            scaled[i] = (features[i] - mean[i]) * scale[i];
        }
        double[] probabilities = new double[probes.size()];
        for (int p = 0; p < probabilities.length; p++) {
            double logit = probes.get(p).bias;
            for (int i = 0; i < scaled.length; i++) {
                logit += probes.get(p).weights[i] * scaled[i];
            }
            probabilities[p] = 1 / (1 + Math.exp(-logit));
        }
        return probabilities;
    }

    /// The effort of a prompt.
    ///
    /// @throws IllegalArgumentException if the number of features differs
    public Effort choose(float[] features) {
        return probes.get(choose(probabilities(features), margin)).effort;
    }

    /// The index of the first probability that is within a margin of the highest.
    public static int choose(double[] probabilities, double margin) {
        double highest = Double.NEGATIVE_INFINITY;
        for (double probability : probabilities) {
            highest = Math.max(highest, probability);
        }
        int chosen = 0;
        while (!(probabilities[chosen] >= highest - margin) && chosen < probabilities.length - 1) {
            chosen++;
        }
        return chosen;
    }

    /// Writes the router, replacing an earlier one as a whole.
    ///
    /// @throws IOException if the file cannot be written
    public void write(Path file) throws IOException {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("version", VERSION);
        document.put("margin", margin);
        document.put("mean", floats(mean));
        document.put("scale", floats(scale));
        List<Object> list = new ArrayList<>();
        for (Probe probe : probes) {
            Map<String, Object> object = new LinkedHashMap<>();
            object.put("effort", probe.effort.word());
            object.put("bias", probe.bias);
            object.put("weights", floats(probe.weights));
            list.add(object);
        }
        document.put("probes", list);
        byte[] text = (JsonMapper.shared().writeValueAsString(document) + "\n").getBytes(StandardCharsets.UTF_8);
        AtomicFile.write(file, AtomicFile.IfExists.REPLACE, out -> out.write(text));
    }

    /// Seven digits suffice.
    private static float[] floats(double[] values) {
        float[] floats = new float[values.length];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) values[i];
        }
        return floats;
    }

    /// Reads a router.
    ///
    /// @throws CheckpointException if the file is not a router; the message names the key
    public static EffortRouter read(Path file) throws CheckpointException {
        Config config = Config.read(file);
        if (config.integer("version") != VERSION) {
            throw config.error("version", "found " + config.found("version") + ", expected " + VERSION);
        }
        List<Probe> probes = new ArrayList<>();
        for (Config probe : config.children("probes")) {
            String word = probe.text("effort");
            Effort effort = List.of(Effort.INSTANT, Effort.LOW, Effort.MEDIUM, Effort.HIGH).stream()
                    .filter(one -> one.word().equals(word)).findFirst().orElse(null);
            if (effort == null) {
                throw probe.error("effort", "found '" + word + "', expected instant, low, medium or high");
            }
            probes.add(new Probe(effort, probe.reals("weights"), probe.real("bias")));
        }
        try {
            return new EffortRouter(config.reals("mean"), config.reals("scale"), probes, config.real("margin"));
        } catch (IllegalArgumentException e) {
            throw new CheckpointException(file, "probes", e.getMessage(), e);
        }
    }
}
