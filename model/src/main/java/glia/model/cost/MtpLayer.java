package glia.model.cost;

import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import glia.model.spec.Parameters;
import java.util.function.Predicate;

/// The layer beyond the last that some models are trained and published with: it foresees the token after the next
/// (https://arxiv.org/abs/2412.19437, section 2.2). It is the last layer once more, behind a matrix that joins two
/// normed hidden states to one, and before a norm. It does not take part in what the model says next.
public final class MtpLayer {
    private MtpLayer() { }

    /// Its parameters, without the embedding and the head that it shares with the model.
    public static long parameters(ModelSpec spec) {
        return count(spec, p -> true);
    }

    /// Those that one token uses.
    public static long active(ModelSpec spec) {
        return count(spec, p -> TokenCost.isActive(spec, p));
    }

    /// The embedding and the head, which files may hold a second time for it.
    public static long copies(ModelSpec spec) {
        return 2L * spec.vocabSize() * spec.hiddenSize();
    }

    private static long count(ModelSpec spec, Predicate<Parameter> counts) {
        int last = spec.sublayers().getLast().layer();
        long joined = 2L * spec.hiddenSize() * spec.hiddenSize() + 3L * spec.hiddenSize();
        return joined + Parameters.of(spec).entrySet().stream()
                .filter(e -> e.getKey().sublayer() >= 0 && spec.sublayer(e.getKey()).layer() == last)
                .filter(e -> counts.test(e.getKey())).mapToLong(e -> Parameters.size(e.getValue())).sum();
    }
}
