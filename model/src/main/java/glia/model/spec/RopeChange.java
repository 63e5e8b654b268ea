package glia.model.spec;

import glia.tensor.kernel.RelativePositions;
import glia.tensor.kernel.Span;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/// Another scaling of a model's rotary positions than that of its config, for contexts of up to the original one times
/// `factor`. It replaces the model's own scaling. In models with sliding windows the layers that see the whole context
/// are scaled, the others keep their frequencies: their distances do not grow.
///
/// @param factor how many times the original context is to be covered
/// @param originalContext the context that the model was trained for without scaling; empty: what its own scaling says,
///     otherwise its context
public record RopeChange(Kind kind, double factor, OptionalInt originalContext) {
    /// The kinds of [RopeScaling] that can be given by a factor.
    public enum Kind { LINEAR, DYNAMIC,
        /// A larger base, `θ · factor^(d / (d - 2))` of d rotated dimensions: the lowest frequency is divided by the
        /// factor, the highest stays (NTK-aware scaling).
        BASE,
        YARN, LLAMA3, LONGROPE,
        /// [RelativePositions.Grouped] with half of the original context as the window, in groups large enough.
        SELF_EXTEND,
        /// [RelativePositions.Chunks] of three quarters of the original context, a sixteenth of it local.
        DUAL_CHUNK }

    private static final String DOES_NOT_APPLY = "the positions of the model cannot be scaled: ";

    public RopeChange {
        if (!(factor >= 1 && factor <= 1e6)) {
            throw new IllegalArgumentException("the factor of rotary scaling must be 1 to 1000000, not " + factor);
        }
        originalContext.ifPresent(size -> NumberRange.SIZE.require("original context", size));
    }

    /// The spec with this scaling and the context that it allows, or its own if that is longer.
    ///
    /// @throws IllegalArgumentException if the model has no rotary positions, or such as have a form of their own; the
    ///     message names it
    public ModelSpec apply(ModelSpec spec) {
        List<Mixer> mixers = spec.allSublayers().stream().flatMap(s -> Parallel.all(s.mixer()).stream()).toList();
        mixers.forEach(RopeChange::requireKnown);
        List<Attention> turning = mixers.stream().filter(Attention.class::isInstance).map(Attention.class::cast)
                .filter(a -> !(a.rope() instanceof Rope.None)).toList();
        if (turning.isEmpty()) {
            throw new IllegalArgumentException(DOES_NOT_APPLY + "it has no attention with rotary positions");
        }
        boolean onlyWindows = turning.stream().noneMatch(RopeChange::seesAll);
        int longest = 0;
        for (Attention a : turning) {
            if (onlyWindows || seesAll(a)) {
                longest = Math.max(longest, original(rotary(a.rope()).scaling(), spec));
            }
        }
        int context = (int) Math.min(Integer.MAX_VALUE, Math.round(longest * factor));
        return spec.mapMixers(m -> m instanceof Attention a && !(a.rope() instanceof Rope.None)
                && (onlyWindows || seesAll(a)) ? a.with(changed(a.rope(), spec)) : m)
                .withContextLength(Math.max(spec.contextLength(), context));
    }

    /// Mixers whose rotations depend on more than the frequencies are refused.
    private static void requireKnown(Mixer mixer) {
        switch (mixer) {
            case BlockSparseAttention _, CompressedAttention _, Diffusion.CanvasAttention _, DifferentialAttention _,
                    ExpertAttention _, IndexedAttention _, Injected _, LatentAttention _, NormedAttention _,
                    SharedKvAttention _, SharedLatentAttention _, SharedTransformer _, StridedAttention _,
                    Mixer.WindowedAttention _ -> throw new IllegalArgumentException(DOES_NOT_APPLY
                            + "its layers are of the kind " + mixer.getClass().getSimpleName()
                            + "; expected plain attention");
            default -> { }
        }
    }

    private static boolean seesAll(Attention a) {
        return a.span() instanceof Span.Causal || a.span() instanceof Span.Bidirectional;
    }

    private static Rope.Rotary rotary(Rope rope) {
        return switch (rope) {
            case Rope.Rotary r -> r;
            case Rope.Axial axial -> axial.rotary();
            case Rope.Parts _, Rope.None _ -> throw new IllegalArgumentException(DOES_NOT_APPLY
                    + "they are those of places in a picture");
        };
    }

    private Rope changed(Rope rope, ModelSpec spec) {
        Rope.Rotary rotary = rotary(rope);
        int size = rotary.rotatedSize();
        double theta = kind != Kind.BASE || size == 2 ? rotary.theta()
                : rotary.theta() * Math.pow(factor, size / (size - 2.0));
        Rope.Rotary scaled = new Rope.Rotary(size, theta, scaling(rotary.scaling(), spec), rotary.layout());
        if (scaled.scaling() instanceof RopeScaling.Relative && rope != rotary) {
            throw new IllegalArgumentException(DOES_NOT_APPLY + "they have several axes");
        }
        return rope instanceof Rope.Axial axial ? new Rope.Axial(scaled, axial.axes(), axial.frequencies()) : scaled;
    }

    private int original(RopeScaling own, ModelSpec spec) {
        return originalContext.orElseGet(() -> switch (own) {
            case RopeScaling.Yarn y -> y.originalContext();
            case RopeScaling.Llama3 l -> l.originalContext();
            case RopeScaling.LongRope l -> l.originalContext();
            case RopeScaling.Dynamic d -> d.trained();
            case RopeScaling.Linear l -> Math.max(1, (int) (spec.contextLength() / l.factor()));
            default -> spec.contextLength();
        });
    }

    /// The parameters besides the factor are those of the model's own scaling of this kind, otherwise the usual ones.
    private RopeScaling scaling(RopeScaling own, ModelSpec spec) {
        if (own instanceof RopeScaling.Proportional || own instanceof RopeScaling.Reversed) {
            throw new IllegalArgumentException(DOES_NOT_APPLY + "its rotary positions are of the kind "
                    + own.getClass().getSimpleName());
        }
        int original = original(own, spec);
        return switch (kind) {
            case LINEAR -> new RopeScaling.Linear(factor);
            case BASE -> new RopeScaling.None();
            case DYNAMIC -> new RopeScaling.Dynamic(factor, original);
            case YARN -> {
                Optional<RopeScaling.Yarn> y = own instanceof RopeScaling.Yarn found ? Optional.of(found)
                        : Optional.empty();
                yield new RopeScaling.Yarn(factor, original, y.map(RopeScaling.Yarn::betaFast).orElse(32.0),
                        y.map(RopeScaling.Yarn::betaSlow).orElse(1.0), y.map(RopeScaling.Yarn::truncate).orElse(true),
                        RopeScaling.Yarn.sharpening(factor, 1));
            }
            case LLAMA3 -> own instanceof RopeScaling.Llama3 l
                    ? new RopeScaling.Llama3(factor, l.lowFactor(), l.highFactor(), original)
                    : new RopeScaling.Llama3(factor, 1, 4, original);
            case SELF_EXTEND -> new RopeScaling.Relative(own, new RelativePositions.Grouped(
                    (int) Math.ceil(2 * factor - 1), Math.max(1, original / 2)));
            case DUAL_CHUNK -> new RopeScaling.Relative(own, new RelativePositions.Chunks(
                    Math.max(1, original * 3 / 4), original / 16));
            case LONGROPE -> {
                if (!(own instanceof RopeScaling.LongRope l)) {
                    throw new IllegalArgumentException("longrope needs a factor for each frequency, which only models "
                            + "of that scaling have; this one can have base, linear, dynamic, yarn or llama3");
                }
                double attention = RopeScaling.LongRope.attentionFactor(factor, original);
                yield new RopeScaling.LongRope(l.within(), l.beyond(), original, attention, attention);
            }
        };
    }
}
