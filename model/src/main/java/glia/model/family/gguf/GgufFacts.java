package glia.model.family.gguf;

import glia.model.spec.Attention;
import glia.model.spec.BlockSparseAttention;
import glia.model.spec.CompressedExperts;
import glia.model.spec.Experts;
import glia.model.spec.Lightning;
import glia.model.spec.Mixer.GatedMlp;
import glia.model.spec.Mixer.LimitedMlp;
import glia.model.spec.Mixer.Mlp;
import glia.model.spec.Mixer.NormedExperts;
import glia.model.spec.Mixer.ScaledGatedMlp;
import glia.model.spec.Mixer.SparseGatedMlp;
import glia.model.spec.Mixer.SubNorm;
import glia.model.spec.Mixer.XieluMlp;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Rope;
import glia.tensor.kernel.Span;
import glia.tensor.ops.expert.Router;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/// The values of a spec for GGUF metadata. A file has one number for all layers: it is that of the first layer that has
/// it. The writer reads the metadata back and compares it with the spec.
public record GgufFacts(ModelSpec spec) {
    Stream<Mixer> mixers() {
        return IntStream.range(0, spec.sublayers().size()).boxed().flatMap(i -> spec.mixers(i).stream())
                .map(m -> m instanceof SubNorm s ? s.mixer() : m);
    }

    /// The first mixer of a kind.
    <M extends Mixer> Optional<M> first(Class<M> kind) {
        return mixers().filter(kind::isInstance).map(kind::cast).findFirst();
    }

    /// The first attention, or that of the first block-sparse attention.
    public Optional<Attention> attention() {
        return first(Attention.class).or(() -> first(BlockSparseAttention.class).map(BlockSparseAttention::attention));
    }

    /// The number of heads of attention, else of lightning attention; 0 without both.
    int heads() {
        return attention().map(Attention::numHeads).or(() -> first(Lightning.class).map(Lightning::numHeads)).orElse(0);
    }

    /// The first experts of the model.
    Optional<Experts> experts() {
        return mixers().flatMap(m -> experts(m).stream()).findFirst();
    }

    /// The experts of a mixer.
    static Optional<Experts> experts(Mixer mixer) {
        return switch (mixer) {
            case Experts e -> Optional.of(e);
            case CompressedExperts e -> Optional.of(e.experts());
            case NormedExperts e -> Optional.of(e.experts());
            default -> Optional.empty();
        };
    }

    Optional<Router> router() {
        return experts().map(Experts::router);
    }

    /// A property of the first experts.
    <T> Optional<T> experts(Function<Experts, T> fact) {
        return experts().map(fact);
    }

    /// The width of the first MLP, else that of an expert.
    public int width() {
        return mixers().flatMapToInt(m -> width(m).stream()).findFirst()
                .orElseGet(() -> experts(Experts::intermediateSize).orElse(0));
    }

    /// The width of an MLP.
    public static OptionalInt width(Mixer mixer) {
        return switch (mixer) {
            case GatedMlp m -> OptionalInt.of(m.intermediateSize());
            case ScaledGatedMlp m -> OptionalInt.of(m.mlp().intermediateSize());
            case Mlp m -> OptionalInt.of(m.intermediateSize());
            case XieluMlp m -> OptionalInt.of(m.intermediateSize());
            case LimitedMlp m -> OptionalInt.of(m.intermediateSize());
            case SparseGatedMlp m -> OptionalInt.of(m.mlp().intermediateSize());
            default -> OptionalInt.empty();
        };
    }

    /// The number of routed experts that have the width of the shared one.
    int numShared() {
        return experts(e -> switch (e.shared()) {
            case Experts.Shared.None _, Experts.Shared.Constant _ -> 0;
            case Experts.Shared.Plain plain -> plain.intermediateSize() / e.intermediateSize();
            case Experts.Shared.Gated gated -> gated.intermediateSize() / e.intermediateSize();
        }).orElse(0);
    }

    /// The width of the shared expert, if there is one.
    public Optional<Integer> sharedWidth() {
        return experts().flatMap(e -> switch (e.shared()) {
            case Experts.Shared.None _, Experts.Shared.Constant _ -> Optional.empty();
            case Experts.Shared.Plain plain -> Optional.of(plain.intermediateSize());
            case Experts.Shared.Gated gated -> Optional.of(gated.intermediateSize());
        });
    }

    /// The number of expert groups and of selected groups; 1 and 1 without groups.
    Router.Groups.Best groups() {
        return router().map(Router::groups).orElse(new Router.Groups.All()) instanceof Router.Groups.Best best ? best
                : new Router.Groups.Best(1, 1, Router.By.BEST);
    }

    /// The number of layers before the first with experts.
    public int numDense() {
        return spec.sublayers().stream().filter(s -> experts(s.mixer()).isPresent()).findFirst()
                .map(s -> s.layer()).orElse(spec.numLayers());
    }

    /// The RoPE of the first full layer with RoPE, else of the first layer with RoPE.
    Optional<Rope.Rotary> rotary() {
        List<Attention> rotating = mixers().filter(Attention.class::isInstance).map(Attention.class::cast)
                .filter(a -> a.rope() instanceof Rope.Rotary).toList();
        return rotating.stream().filter(a -> !slides(a)).findFirst()
                .or(() -> rotating.stream().findFirst()).map(a -> (Rope.Rotary) a.rope());
    }

    /// The RoPE of the first sliding-window layer.
    Optional<Rope.Rotary> sliding() {
        return mixers().filter(m -> m instanceof Attention a && slides(a))
                .map(m -> ((Attention) m).rope()).filter(Rope.Rotary.class::isInstance).map(Rope.Rotary.class::cast)
                .findFirst();
    }

    private static boolean slides(Attention a) {
        return a.span() instanceof Span.Sliding || a.span() instanceof Span.BidirectionalWindow;
    }

    /// The first sliding window.
    Optional<Integer> window() {
        return mixers().filter(m -> m instanceof Attention a && slides(a)).map(m -> ((Attention) m).span())
                .map(s -> s instanceof Span.Sliding w ? w.window() : 2 * ((Span.BidirectionalWindow) s).reach())
                .findFirst();
    }

    /// Whether the final norm is a layer norm.
    boolean hasLayerNorms() {
        return spec.finalNorm() instanceof Norm.Layer || spec.finalNorm() instanceof Norm.UnitLayer
                || spec.finalNorm() instanceof Norm.UnbiasedLayer;
    }

    /// The epsilon of the final norm.
    Optional<Float> epsilon() {
        return switch (spec.finalNorm()) {
            case Norm.None _, Norm.LayerScale _, Norm.Signed _, Norm.Standardized _ -> Optional.empty();
            case Norm.Rms rms -> Optional.of(rms.eps());
            case Norm.BiasedRms rms -> Optional.of(rms.eps());
            case Norm.UnitRms rms -> Optional.of(rms.eps());
            case Norm.UnitLayer layer -> Optional.of(layer.eps());
            case Norm.Layer layer -> Optional.of(layer.eps());
            case Norm.UnbiasedLayer layer -> Optional.of(layer.eps());
        };
    }
}
