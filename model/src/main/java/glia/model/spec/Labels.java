package glia.model.spec;

import glia.tensor.kernel.Activation;
import glia.tensor.kernel.Scores;
import glia.tensor.kernel.Span;
import java.util.Locale;

/// Short descriptions of the parts of mixers, for `describe`.
final class Labels {
    private Labels() { }

    static String of(Activation activation) {
        return activation.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    static String of(Span span) {
        return switch (span) {
            case Span.Causal c -> "full";
            case Span.Sliding s -> "sliding window of " + s.window();
            case Span.Chunked c -> "chunks of " + c.size();
            case Span.Bidirectional e -> "both ways";
            case Span.BidirectionalWindow a -> "window of " + a.reach() + " both ways";
        };
    }

    static String of(QkNorm norm) {
        return switch (norm) {
            case QkNorm.None none -> "";
            case QkNorm.Heads _, QkNorm.HeadLayers _, QkNorm.Layers _ -> ", normed heads";
            case QkNorm.Whole whole -> ", normed queries and keys";
            case QkNorm.Rotated rotated -> ", heads normed after rotation";
            case QkNorm.Clipped clipped -> ", cut off at " + clipped.limit();
        };
    }

    static String of(Scores scores) {
        return switch (scores) {
            case Scores.Plain plain -> "";
            case Scores.Capped capped -> ", scores capped at " + capped.cap();
            case Scores.Sinks sinks -> ", sinks";
            case Scores.Alibi alibi -> ", ALiBi";
            case Scores.RelativeBias bucketed -> ", biases of " + bucketed.numBuckets() + " distances";
        };
    }

    static String of(Rope rope) {
        return switch (rope) {
            case Rope.None none -> "no rotation";
            case Rope.Parts parts -> of(parts.part()) + " of " + parts.axes().size() + " parts by axis";
            case Rope.Axial axial -> of(axial.rotary()) + " on several axes";
            case Rope.Rotary r -> "RoPE θ " + (long) r.theta() + (r.scaling() instanceof RopeScaling.None ? ""
                    : " scaled by " + r.scaling().getClass().getSimpleName());
        };
    }
}
