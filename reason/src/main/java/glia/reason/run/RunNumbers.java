package glia.reason.run;

import glia.reason.policy.AdaptiveEntropy;
import glia.reason.policy.KlController;
import glia.reason.policy.PolicyObjective.EntropyBonus;
import glia.reason.policy.PolicyObjective;
import glia.tensor.DType;
import glia.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.Map;
import java.util.Optional;

/// Numbers of a run that batches and updates change and later ones need: generated tokens, and coefficients that follow
/// targets. Checkpoints hold them, so a resumed run goes on with the same ones.
final class RunNumbers {
    private static final int TOKENS = 0;
    private static final int KL = 1;
    private static final int ENTROPY = 2;
    private static final int LAST_ENTROPY = 3;
    private static final int COUNT = 4;

    private final Tensor numbers = Tensor.allocate(Arena.ofAuto(), DType.F64, COUNT);
    private final Optional<KlController> kl;
    private final Optional<AdaptiveEntropy> entropy;

    /// @param kl before the first batch
    /// @param entropy before the first update
    RunNumbers(Optional<KlController> kl, Optional<AdaptiveEntropy> entropy) {
        this.kl = kl;
        this.entropy = entropy;
        numbers.zero();
        kl.ifPresent(c -> set(KL, c.coefficient()));
        entropy.ifPresent(this::keep);
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

    /// The numbers that batches change: sampled tokens and the coefficient of the KL penalty.
    double[] ofBatches() {
        return new double[] {get(TOKENS), get(KL)};
    }

    /// Takes over those of another rank.
    void setBatches(double... others) {
        set(TOKENS, others[0]);
        set(KL, others[1]);
    }

    /// Sampled tokens of all batches so far.
    double tokens() {
        return get(TOKENS);
    }

    void addTokens(long sampled) {
        set(TOKENS, tokens() + sampled);
    }

    /// Whether the coefficient of the KL penalty follows a target.
    boolean adaptsKl() {
        return kl.isPresent();
    }

    /// The coefficient of the KL penalty of the next batch.
    ///
    /// @param fixed the coefficient if it follows no target
    double klCoefficient(double fixed) {
        return kl.isPresent() ? get(KL) : fixed;
    }

    /// Takes the KL of a batch into account.
    ///
    /// @param count number of its sequences
    void afterBatch(double meanKl, int count) {
        kl.ifPresent(c -> set(KL, new KlController(get(KL), c.target(), c.horizon()).after(meanKl, count)
                .coefficient()));
    }

    private Optional<AdaptiveEntropy> entropy() {
        return entropy.map(e -> new AdaptiveEntropy(get(ENTROPY), e.delta(), e.least(), e.most(), e.target(),
                get(LAST_ENTROPY)));
    }

    private void keep(AdaptiveEntropy controller) {
        set(ENTROPY, controller.coefficient());
        set(LAST_ENTROPY, controller.lastEntropy());
    }

    /// The objective of the next update with the coefficients in force.
    ///
    /// @param ofBatch coefficient of the KL penalty
    PolicyObjective objective(PolicyObjective objective, double ofBatch) {
        PolicyObjective changed = objective.withKl(objective.kl().withCoefficient(ofBatch));
        return entropy().map(e -> changed.withEntropy(new EntropyBonus(e.applied(), true))).orElse(changed);
    }

    /// Takes the entropy of an update into account.
    void afterUpdate(double meanEntropy) {
        entropy().ifPresent(e -> keep(e.after(meanEntropy)));
    }
}
