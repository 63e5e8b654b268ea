package glia.reason.run;

import glia.tensor.DType;
import glia.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.Map;

/// Numbers of a run that batches change and later ones need. Checkpoints hold them, so a resumed run goes on with the
/// same ones.
final class RunNumbers {
    private static final int COUNT = 1;
    private static final int TOKENS = 0;

    private final Tensor numbers = Tensor.allocate(Arena.ofAuto(), DType.F64, COUNT);

    RunNumbers() {
        numbers.zero();
    }

    /// What checkpoints hold, by name.
    Map<String, Tensor> state() {
        return Map.of("rollouts", numbers);
    }

    private double get(int index) {
        return numbers.memory().getAtIndex(ValueLayout.JAVA_DOUBLE_UNALIGNED, index);
    }

    private void set(int index, double value) {
        numbers.memory().setAtIndex(ValueLayout.JAVA_DOUBLE_UNALIGNED, index, value);
    }

    /// Sampled tokens of all batches so far.
    double tokens() {
        return get(TOKENS);
    }

    void addTokens(long sampled) {
        set(TOKENS, tokens() + sampled);
    }
}
