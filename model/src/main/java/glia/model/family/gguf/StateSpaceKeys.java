package glia.model.family.gguf;

import glia.model.spec.Attention;
import glia.model.spec.CompressedExperts;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.SelectiveStateSpace;
import glia.model.spec.StateSpaceDual;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.IntStream;

/// The keys of families with state-space mixers in GGUF files.
public final class StateSpaceKeys {
    /// Mamba 2.
    public static final List<GgufKey> DUAL = List.of(
            GgufKey.count("ssm.conv_kernel", "mamba_d_conv", facts -> dual(facts).convolution().size()),
            GgufKey.written("ssm.inner_size", facts -> Optional.of(dual(facts).innerSize())),
            GgufKey.count("ssm.state_size", "mamba_d_state", facts -> dual(facts).stateSize()),
            GgufKey.count("ssm.time_step_rank", "mamba_n_heads", facts -> dual(facts).numHeads()),
            GgufKey.count("ssm.group_count", "mamba_n_groups", facts -> dual(facts).numGroups()));

    /// The keys of attention in some layers. The others have 0 key-value heads.
    public static final List<GgufKey> ATTENTION = GgufKey.join(List.of(
            StandardGguf.heads("num_attention_heads"),
            GgufKey.written("attention.head_count_kv", facts -> Optional.of(oneOrAll(byLayer(facts.spec(),
                    m -> m instanceof Attention a ? a.numKeyValueHeads() : 0)))),
            GgufKey.written("attention.key_length", facts -> facts.attention().map(Attention::headSize)),
            GgufKey.written("attention.value_length", facts -> facts.attention().map(Attention::headSize)),
            epsilon("rms_norm_eps")), RopeGguf.KEYS);

    /// The keys of Mamba and Mamba 2, which have neither attention nor MLPs.
    public static final List<GgufKey> ALONE = List.of(epsilon("layer_norm_epsilon"),
            GgufKey.written("feed_forward_length", facts -> Optional.of(0)),
            GgufKey.written("attention.head_count", facts -> Optional.of(0)));

    /// The width of MLPs.
    public static final GgufKey WIDTH = GgufKey.count("feed_forward_length", "intermediate_size", GgufFacts::width);

    private StateSpaceKeys() { }

    private static GgufKey epsilon(String name) {
        return GgufKey.real("attention.layer_norm_rms_epsilon", name, GgufFacts::epsilon);
    }

    private static StateSpaceDual dual(GgufFacts facts) {
        return facts.first(StateSpaceDual.class).orElseThrow(() ->
                new IllegalArgumentException("there is no layer with Mamba 2 to take its sizes from"));
    }

    private static SelectiveStateSpace selective(GgufFacts facts) {
        return facts.first(SelectiveStateSpace.class).orElseThrow(() ->
                new IllegalArgumentException("there is no layer with Mamba to take its sizes from"));
    }

    /// The keys of Mamba, with the family's config keys.
    public static List<GgufKey> selective(String convolution, String state, String rank) {
        return List.of(GgufKey.count("ssm.conv_kernel", convolution, facts -> selective(facts).convolution().size()),
                GgufKey.written("ssm.inner_size", facts -> Optional.of(selective(facts).innerSize())),
                GgufKey.count("ssm.state_size", state, facts -> selective(facts).stateSize()),
                GgufKey.count("ssm.time_step_rank", rank, facts -> selective(facts).stepRank()),
                GgufKey.written("ssm.dt_b_c_rms",
                        facts -> Optional.of(!(selective(facts).innerNorm() instanceof Norm.None))));
    }

    /// The key of the epsilon of norms without weights, for another model type that has them. llama.cpp does not know
    /// it and takes the epsilon of the other norms; without it they have that here, too.
    public static GgufKey normed(String modelType, String epsilon) {
        String own = "ssm.dt_b_c_rms_epsilon";
        return new GgufKey(own, keys -> {
            if (keys.has("ssm.dt_b_c_rms") && keys.flag("ssm.dt_b_c_rms")) {
                keys.put("model_type", modelType).put(epsilon,
                        keys.number(keys.has(own) ? own : "attention.layer_norm_rms_epsilon"));
            }
        }, facts -> selective(facts).innerNorm() instanceof Norm.UnitRms unit ? Optional.of(unit.eps())
                : Optional.empty());
    }

    /// One number if all layers have the same, else the list.
    static Object oneOrAll(int[] numbers) {
        return IntStream.of(numbers).distinct().count() == 1 ? (Object) numbers[0] : numbers;
    }

    /// The key of the layers with a recurrence of this kind.
    static GgufKey recurrent(Class<? extends Mixer> kind) {
        return GgufKey.written("attention.recurrent_layers", facts -> Optional.of(IntStream.of(byLayer(facts.spec(),
                m -> kind.isInstance(m) ? 1 : 0)).mapToObj(i -> i > 0).toList()));
    }

    /// A number for each layer: the maximum over its mixers.
    static int[] byLayer(ModelSpec spec, Function<Mixer, Integer> number) {
        int[] numbers = new int[spec.numLayers()];
        IntStream.range(0, spec.sublayers().size()).forEach(i -> spec.mixers(i).forEach(mixer -> {
            int layer = spec.sublayers().get(i).layer();
            numbers[layer] = Math.max(numbers[layer], number.apply(mixer));
        }));
        return numbers;
    }

    /// The key of the dimension of latent experts.
    static final GgufKey LATENT = GgufKey.optional("moe_latent_size", "moe_latent_size",
            facts -> facts.first(CompressedExperts.class).map(CompressedExperts::size));
}
