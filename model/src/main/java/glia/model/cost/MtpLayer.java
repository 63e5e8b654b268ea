package glia.model.cost;

import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import glia.model.spec.Parameters;
import java.util.function.Predicate;

/// The multi-token-prediction (MTP) layer of some models, which predicts the token after the next
/// (https://arxiv.org/abs/2412.19437, section 2.2). It is a copy of the last layer's structure, after a matrix that
/// joins two normalized hidden states, and before a norm. It does not change the model's output.
public final class MtpLayer {
    private MtpLayer() { }

    /// The number of its parameters, without the embedding and the head, which it shares with the model.
    public static long parameters(ModelSpec spec) {
        return count(spec, p -> true);
    }

    /// The number of active parameters per token.
    public static long active(ModelSpec spec) {
        return count(spec, p -> TokenCost.isActive(spec, p));
    }

    /// The parameters of the embedding and the head, of which files may hold a copy for it.
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
