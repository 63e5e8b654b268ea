package glia.lab.lens;

import glia.engine.pass.Engine;
import glia.engine.state.Sequence;
import glia.model.block.LayerHook;
import glia.model.block.Pass;
import glia.model.spec.ChannelMix;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.SharedKvAttention;
import glia.model.spec.SharedLatentAttention;
import glia.model.spec.SharedTransformer;
import glia.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/// Activation patching (causal tracing, https://arxiv.org/abs/2202.05262): the second of two prompts is computed with
/// one activation of the first, and the share of the difference of two logits that this recovers is measured, for each
/// layer and token: 0 where the activation has no influence on them, 1 where it decides them.
///
/// @param parts the kinds of activations
/// @param layers their layers, as the checkpoint counts
/// @param recovered `[part][layer][token]`; NaN where the layer has no such part
/// @param first the difference of the logits after the first prompt, `logit(answers[0]) - logit(answers[1])`
/// @param second the same after the second prompt
/// @param answers the tokens whose logits are compared
public record ActivationPatching(List<Part> parts, List<Integer> layers, double[][][] recovered, double first,
        double second, int[] answers) {
    /// What is replaced at a layer.
    public enum Part {
        /// The residual stream after the layer.
        RESIDUAL,
        /// The output of the layer's attention, or of what it has in its place.
        ATTENTION,
        /// The output of the layer's MLP.
        MLP
    }

    /// Is called after each pass.
    @FunctionalInterface
    public interface Listener {
        void runs(int done, int total);
    }

    /// Tokens of a pass at the most.
    private static final int PASS_TOKENS = Engine.CHUNK_TOKENS;

    /// One activation: what is replaced after which sublayer at a token.
    private record Patch(Part part, int row, int sublayer, int token) { }

    /// Runs all patches. Patches of the same token share the KV cache of the tokens before it.
    ///
    /// @param ids the first prompt
    /// @param others the second one, of as many tokens
    /// @param answers two tokens; empty for the most probable ones after each prompt
    /// @throws IllegalArgumentException if the prompts have different lengths, both have the same answer, or the logits
    ///     do not differ
    public static ActivationPatching of(Engine engine, int[] ids, int[] others, int[] answers, List<Part> parts,
            Listener listener) {
        if (ids.length != others.length) {
            throw new IllegalArgumentException("the prompts have " + ids.length + " and " + others.length
                    + " tokens, expected as many: activations are replaced token by token");
        }
        ModelSpec spec = engine.model().spec();
        int[] ends = spec.layerEnds();
        List<Integer> layers = Arrays.stream(ends).filter(l -> l >= 0).boxed().toList();
        float[][][] updates = new float[ends.length][ids.length][];
        float[][][] streams = new float[ends.length][ids.length][];
        float[] first = last(engine, ids, new LayerHook() {
            @Override
            public void update(int sublayer, Tensor update) {
                copy(update, updates[sublayer]);
            }

            @Override
            public void stream(int sublayer, Tensor stream) {
                if (sublayer >= 0 && ends[sublayer] >= 0) {
                    copy(stream, streams[sublayer]);
                }
            }
        });
        float[] second = last(engine, others, new LayerHook() { });
        int[] compared = answers.length == 2 ? answers : new int[] {LogitLens.top(first, 1)[0],
            LogitLens.top(second, 1)[0]};
        double of = first[compared[0]] - (double) first[compared[1]];
        double from = second[compared[0]] - (double) second[compared[1]];
        if (compared[0] == compared[1] || of == from) {
            throw new IllegalArgumentException("both prompts have the same answer, so there is nothing to recover; "
                    + "name two answers that they make more and less probable");
        }
        double[][][] recovered = new double[parts.size()][layers.size()][ids.length];
        List<Patch> patches = new ArrayList<>();
        for (int p = 0; p < parts.size(); p++) {
            for (int s = 0; s < ends.length; s++) {
                int row = layers.indexOf(spec.sublayers().get(s).layer());
                for (int t = 0; t < ids.length && applies(parts.get(p), spec, s); t++) {
                    patches.add(new Patch(parts.get(p), row, s, t));
                }
            }
            for (int row = 0; row < layers.size(); row++) {
                int layer = layers.get(row);
                Part part = parts.get(p);
                if (IntStream.range(0, ends.length).noneMatch(s -> spec.sublayers().get(s).layer() == layer
                        && applies(part, spec, s))) {
                    Arrays.fill(recovered[p][row], Double.NaN);
                }
            }
        }
        patches.sort((a, b) -> Integer.compare(a.token, b.token));
        Sequence[] prefix = {engine.open()};
        try {
            for (int from0 = 0; from0 < patches.size();) {
                int token = patches.get(from0).token;
                int length = ids.length - token;
                int to = from0;
                while (to < patches.size() && patches.get(to).token == token
                        && (to == from0 || (to + 1 - from0) * length <= PASS_TOKENS)) {
                    to++;
                }
                if (prefix[0].length() < token) {
                    engine.add(prefix[0], others, prefix[0].length(), token, Pass.Outputs.NONE);
                    engine.run();
                }
                List<Patch> now = patches.subList(from0, to);
                float[][] logits = patched(engine, prefix[0], others, now, updates, streams);
                for (int i = 0; i < now.size(); i++) {
                    Patch patch = now.get(i);
                    double found = logits[i][compared[0]] - (double) logits[i][compared[1]];
                    recovered[parts.indexOf(patch.part)][patch.row][token] += (found - from) / (of - from);
                }
                from0 = to;
                listener.runs(to, patches.size());
            }
        } finally {
            prefix[0].close();
        }
        return new ActivationPatching(parts, layers, recovered, of, from, compared);
    }

    private static boolean applies(Part part, ModelSpec spec, int sublayer) {
        Mixer mixer = spec.sublayers().get(sublayer).mixer();
        return switch (part) {
            case RESIDUAL -> spec.layerEnds()[sublayer] >= 0;
            case ATTENTION -> !isMlp(mixer);
            case MLP -> isMlp(mixer);
        };
    }

    /// Whether a mixer computes on each token by itself. Those that compute on several keep what the next tokens need.
    private static boolean isMlp(Mixer mixer) {
        return mixer instanceof ChannelMix || mixer.caches().isEmpty() && !(mixer instanceof SharedKvAttention)
                && !(mixer instanceof SharedLatentAttention) && !(mixer instanceof SharedTransformer);
    }

    private static void copy(Tensor from, float[][] to) {
        for (int t = 0; t < to.length; t++) {
            to[t] = from.rows(t, t + 1).toArray();
        }
    }

    /// The logits after the last token.
    private static float[] last(Engine engine, int[] ids, LayerHook hook) {
        try (Sequence sequence = engine.open()) {
            engine.add(sequence, ids, 0, ids.length, Pass.Outputs.LAST);
            return engine.run(hook).toArray();
        }
    }

    /// The logits after the last token of each of some sequences that continue the same prefix with a patch each.
    private static float[][] patched(Engine engine, Sequence prefix, int[] ids, List<Patch> patches,
            float[][][] updates, float[][][] streams) {
        List<Sequence> forks = new ArrayList<>();
        try {
            int length = ids.length - prefix.length();
            for (int i = 0; i < patches.size(); i++) {
                forks.add(prefix.fork());
                engine.add(forks.getLast(), ids, prefix.length(), ids.length, Pass.Outputs.LAST);
            }
            Tensor logits = engine.run(new LayerHook() {
                @Override
                public void update(int sublayer, Tensor update) {
                    replace(sublayer, update, false);
                }

                @Override
                public void stream(int sublayer, Tensor stream) {
                    replace(sublayer, stream, true);
                }

                private void replace(int sublayer, Tensor x, boolean isStream) {
                    for (int i = 0; i < patches.size(); i++) {
                        Patch patch = patches.get(i);
                        if (patch.sublayer == sublayer && (patch.part == Part.RESIDUAL) == isStream) {
                            float[] values = (isStream ? streams : updates)[sublayer][patch.token];
                            for (int e = 0; e < values.length; e++) {
                                x.set((long) i * length * values.length + e, values[e]);
                            }
                        }
                    }
                }
            });
            return IntStream.range(0, patches.size()).mapToObj(i -> logits.rows(i, i + 1).toArray())
                    .toArray(float[][]::new);
        } finally {
            forks.forEach(Sequence::close);
        }
    }
}
