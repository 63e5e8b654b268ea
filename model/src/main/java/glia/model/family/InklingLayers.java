package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Numbers;
import glia.model.spec.BiasedAttention;
import glia.model.spec.Bias;
import glia.model.spec.Experts;
import glia.model.spec.Mixer;
import glia.model.spec.Norm;
import glia.model.spec.NumberRange;
import glia.model.spec.Residual;
import glia.model.spec.Sublayer;
import glia.tensor.kernel.Span;
import glia.tensor.ops.expert.ExpertMlp.Weighting;
import glia.tensor.ops.expert.MlpForm;
import glia.tensor.ops.expert.Router;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The layers of Inkling 2 in the order in which a pass runs them.
///
/// @param layersOfBlock layers that are summed into a block
/// @param start the first layer of the loop
/// @param end the layer after its last
record InklingLayers(Config config, float eps, int hidden, boolean[] slides, int layersOfBlock, int start, int end,
        int numPasses, int rank, int kernel) {
    static InklingLayers read(Config given, float eps) throws CheckpointException {
        Config config = given;
        if (given.has("loop_config")) {
            Config loop = given.child("loop_config");
            for (String[] key : new String[][] {{"core_start", "loop_layer_index_start"},
                {"core_end", "loop_layer_index_end"}, {"num_passes", "loop_num_passes"},
                {"gate_rank", "loop_gate_rank"}}) {
                config = loop.has(key[0]) ? config.with(key[1], loop.integer(key[0])) : config;
            }
        }
        int numLayers = config.has("num_hidden_layers") ? Numbers.layers(config, "num_hidden_layers") : 24;
        int block = config.positive("n_layers_per_attn_res_block", 6);
        int start = config.positive("loop_layer_index_start", 6);
        int end = config.positive("loop_layer_index_end", 18);
        int passes = config.positive("loop_num_passes", 3);
        if (start % block != 0 || end % block != 0 || start > end || end > numLayers) {
            throw config.error("loop_layer_index_start", "the loop from layer " + start + " to " + end + " of "
                    + numLayers + ": expected multiples of the " + block + " layers of a block");
        }
        if ((long) (end - start) * passes > Short.MAX_VALUE) {
            throw config.error("loop_num_passes", passes + " passes of " + (end - start) + " layers are too many");
        }
        return new InklingLayers(config, eps, config.positive("hidden_size", 2304), slides(config, numLayers), block,
                start, end, passes, config.positive("loop_gate_rank", 64), config.positive("conv_kernel_size", 4));
    }

    private static boolean[] slides(Config config, int numLayers) throws CheckpointException {
        boolean[] slides = new boolean[numLayers];
        String[] types = config.has("layer_types") ? config.strings("layer_types") : new String[0];
        if (config.has("layer_types") && types.length != numLayers) {
            throw config.error("layer_types", "has " + types.length + " entries for " + numLayers + " layers");
        }
        for (int i = 0; i < numLayers; i++) {
            slides[i] = types.length == 0 ? (i + 1) % 6 != 0 : types[i].equals("hybrid_sliding");
            if (types.length > 0 && !slides[i] && !types[i].equals("hybrid")) {
                throw config.error("layer_types", "found '" + types[i] + "', expected hybrid_sliding or hybrid");
            }
        }
        return slides;
    }

    int numBlocks() {
        return Math.ceilDiv(slides.length, layersOfBlock);
    }

    /// The states that a pass of the loop sends to the next.
    int numSent() {
        return numPasses > 1 ? (end - start) / layersOfBlock : 0;
    }

    List<Sublayer> sublayers() throws CheckpointException {
        Mixer[] attentions = {attention(false), attention(true)};
        Mixer experts = new Mixer.Convolved(experts(), hidden, kernel);
        List<Sublayer> all = new ArrayList<>();
        for (int i = 0; i < start; i++) {
            add(all, i, 0, attentions, experts);
        }
        for (int pass = 0; pass < numPasses; pass++) {
            for (int i = start; i < end; i++) {
                add(all, i, pass, attentions, experts);
            }
        }
        for (int i = end; i < slides.length; i++) {
            add(all, i, 0, attentions, experts);
        }
        return all;
    }

    private void add(List<Sublayer> all, int layer, int pass, Mixer[] attentions, Mixer experts) {
        boolean loops = layer >= start && layer < end;
        boolean begins = layer % layersOfBlock == 0;
        int before = Math.ceilDiv(layer, layersOfBlock);
        for (int i = 0; i < 2; i++) {
            boolean attends = i == 0;
            int first = start / layersOfBlock;
            Optional<Residual.Blocks.Loop> loop = loops ? Optional.of(new Residual.Blocks.Loop(rank, attends ? 3 : 1,
                    first, pass == 0 ? 0 : numSent(), pass > 0 && layer == start && attends)) : Optional.empty();
            int queries = attends ? layer == 0 ? 0 : slides[layer] ? 1 : 3 : 1;
            Residual residual = new Residual.Blocks(hidden, attends ? before : layer / layersOfBlock + 1, queries,
                    attends && begins, loop, eps);
            Sublayer s = new Sublayer(layer, attends ? new Norm.None() : new Norm.Rms(eps, 0),
                    attends ? attentions[slides[layer] ? 1 : 0] : experts, new Norm.None(), residual);
            all.add(pass == 0 ? s : s.sharing(2 * layer + i));
        }
    }

    private Mixer attention(boolean isSliding) throws CheckpointException {
        String prefix = isSliding ? "swa_" : "";
        int window = config.positive("sliding_window_size", 1024);
        return new Mixer.Convolved(new BiasedAttention(config.positive(prefix + "num_attention_heads", 24),
                config.positive(prefix + "num_key_value_heads", 8), config.positive(prefix + "head_dim", 128),
                isSliding ? new Span.Sliding(window) : new Span.Causal(), config.positive("d_rel", 16),
                isSliding ? window : config.positive("rel_extent", 1024),
                (float) Numbers.real(config, "qk_l2_clip_threshold", NumberRange.CAP, 22.627416997969522),
                (float) Numbers.real(config, "rel_l2_clip_threshold", NumberRange.CAP, 8), kernel,
                isSliding ? Optional.empty() : Optional.of(new BiasedAttention.Growth(
                        Numbers.real(config, "log_scaling_alpha", NumberRange.WEIGHT, 0.1),
                        config.positive("log_scaling_n_floor", 8192))), eps), hidden, kernel);
    }

    private Mixer experts() throws CheckpointException {
        Router router = new Router(config.positive("num_experts_per_tok", 8), Router.Score.SIGMOID,
                Router.Correction.LEARNED, new Router.Groups.All(), Router.Share.NORMALIZED,
                (float) Numbers.real(config, "route_scale", NumberRange.FACTOR, 8));
        MlpForm form = new MlpForm.SoftCapped((float) Numbers.real(config, "mlp_gate_softcap", NumberRange.CAP, 4),
                (float) Numbers.real(config, "mlp_up_softcap", NumberRange.CAP, 25));
        return new Experts(config.positive("n_routed_experts", 128), config.positive("moe_intermediate_size", 1152),
                form, Bias.NONE, router, Weighting.OUTPUT, new Experts.Shared.None());
    }
}
