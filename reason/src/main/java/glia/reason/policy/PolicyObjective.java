package glia.reason.policy;

import glia.engine.training.Loss;
import glia.engine.training.Predictions.Tokens;
import glia.reason.policy.Aggregation.Totals;
import glia.reason.policy.loss.LossInput;
import glia.reason.policy.loss.LossTerms;
import glia.reason.policy.loss.PolicyLoss;
import glia.reason.policy.loss.Vespo;
import glia.reason.rollout.RolloutColumns.Column;
import glia.reason.rollout.RolloutColumns;
import glia.tensor.autograd.Value;
import java.util.Optional;
import java.util.function.Consumer;

/// What policy optimization minimizes, composed of its parts:
///
/// > aggregate(policy loss · masks · importance weights + β·KL) - c·entropy
///
/// @param loss of each token or sequence
/// @param aggregation of tokens to one number
/// @param kl the penalty for the distance to the reference model
/// @param entropy the bonus for entropy
/// @param masks which tokens have a policy loss
public record PolicyObjective(PolicyLoss loss, Aggregation aggregation, KlTerm kl, EntropyBonus entropy,
        TokenMasks masks) {
    private static final double SMALL = 1e-10;

    /// A policy loss alone.
    public static PolicyObjective of(PolicyLoss loss, Aggregation aggregation) {
        return new PolicyObjective(loss, aggregation, KlTerm.NONE, EntropyBonus.NONE, TokenMasks.NONE);
    }

    /// The same with another KL penalty.
    public PolicyObjective withKl(KlTerm term) {
        return new PolicyObjective(loss, aggregation, term, entropy, masks);
    }

    /// The same with another entropy bonus.
    public PolicyObjective withEntropy(EntropyBonus bonus) {
        return new PolicyObjective(loss, aggregation, kl, bonus, masks);
    }

    /// Whether the loss needs the entropies of tokens.
    public boolean needsEntropy() {
        return entropy.coefficient() != 0 || masks.needEntropy();
    }

    /// All tokens of an update that is computed in several micro-batches, with those that are chosen among them all.
    ///
    /// @param logProbs of each row under the policy; read if the loss [compares tokens][PolicyLoss#comparesTokens]
    /// @param entropies of each row; read if the masks need them
    public RolloutColumns withChoices(RolloutColumns whole, double[] logProbs, double[] entropies) {
        return whole.with(Column.HIGH_ENTROPY, masks.highEntropy(entropies))
                .with(Column.HIGH_COVARIANCE, loss.highCovariance(whole, logProbs));
    }

    /// What a micro-batch computed.
    ///
    /// @param loss its part of the step's loss, `[1, 1]`
    /// @param terms the policy losses before masks
    /// @param losses those after masks and importance weights, without KL
    /// @param kl the KL estimate of each token, times the ratio where the placement says so; empty without one
    /// @param batch with the tokens of high entropy, if these alone learn
    /// @param onPolicy whether each sequence is close enough to the sampler for a negative advantage
    /// @param figures for reports
    public record Result(Value loss, LossTerms terms, Value losses, Optional<Value> kl, RolloutColumns batch,
            boolean[] onPolicy, PolicyFigures figures) { }

    /// The loss of a micro-batch in a training pass, whose rows are those of the batch.
    ///
    /// @param totals of the step
    /// @param temperature divisor of the logits, that of the sampler
    /// @param figures receives the figures of the micro-batch
    public Loss loss(RolloutColumns batch, Totals totals, double temperature, Consumer<PolicyFigures> figures) {
        return predictions -> {
            Tokens tokens = predictions.tokens(temperature, true, 0);
            Value entropies = needsEntropy() ? tokens.entropy() : tokens.entropy().detached();
            Result result = evaluate(tokens.logProbs(), Optional.of(entropies), batch, totals);
            figures.accept(result.figures());
            return result.loss();
        };
    }

    /// Computes the loss of a micro-batch from log-probabilities.
    ///
    /// @param logProbs of each row under the policy, `[N, 1]`
    /// @param entropies of each row, `[N, 1]`; may be empty if the loss does not need them
    /// @throws IllegalArgumentException if the rollouts lack something that the loss needs
    public Result evaluate(Value logProbs, Optional<Value> entropies, RolloutColumns rollouts, Totals totals) {
        if (needsEntropy() && entropies.isEmpty()) {
            throw new IllegalArgumentException("the loss needs entropies, expected one for each row");
        }
        double[] entropyNumbers = entropies.map(Value::numbers).orElse(new double[0]);
        RolloutColumns batch = rollouts.has(Column.HIGH_ENTROPY) ? rollouts
                : rollouts.with(Column.HIGH_ENTROPY, masks.highEntropy(entropyNumbers));
        boolean[] onPolicy = masks.onPolicy(batch, logProbs.numbers());
        LossTerms terms = loss.of(new LossInput(logProbs, batch));
        Value losses = terms.losses().times(logProbs.constant(
                terms.isPerSequence() ? sequenceFactors(batch, onPolicy) : factors(batch, onPolicy)));
        double[] weights = aggregation.weights(batch, totals);
        Value policy = terms.isPerSequence() ? losses.sum().times(1 / totals.sequences())
                : losses.times(logProbs.constant(weights)).sum();
        Value total = policy;
        Optional<Value> divergence = Optional.empty();
        if (kl.isInLoss()) {
            Value estimate = klOf(logProbs, batch, terms);
            divergence = Optional.of(estimate);
            total = total.plus(estimate.times(logProbs.constant(weights)).sum().times(kl.coefficient()));
        }
        if (entropy.coefficient() != 0) {
            double[] shares = entropyShares(batch, weights, totals);
            Value bonus = entropies.get().times(logProbs.constant(shares)).sum();
            total = total.minus(bonus.times(entropy.coefficient()));
        }
        PolicyFigures figures = PolicyFigures.of(batch, logProbs, entropyNumbers, terms.figures(),
                divergence, total.number(), policy.number());
        return new Result(total, terms, losses, divergence, batch, onPolicy, figures);
    }

    private Value klOf(Value logProbs, RolloutColumns batch, LossTerms terms) {
        Value reference = logProbs.constant(batch.required(Column.REFERENCE, "the KL penalty"));
        Value estimate = kl.estimator().of(logProbs, reference);
        return kl.placement() == KlTerm.Placement.LOSS ? estimate : estimate.times(terms.klRatio(batch));
    }

    private double[] factors(RolloutColumns batch, boolean[] onPolicy) {
        double[] factors = new double[batch.numRows()];
        for (int n = 0; n < factors.length; n++) {
            boolean learns = batch.isKept(n)
                    && (batch.get(Column.ADVANTAGE)[n] >= 0 || onPolicy[batch.sequences()[n]]);
            factors[n] = !learns ? 0 : loss instanceof Vespo ? 1 : batch.weight(n);
        }
        return factors;
    }

    /// Factors of losses of sequences; importance weights of tokens are combined by their geometric mean.
    private static double[] sequenceFactors(RolloutColumns batch, boolean[] onPolicy) {
        double[] logs = new double[batch.numRows()];
        for (int n = 0; n < logs.length; n++) {
            logs[n] = Math.log(batch.weight(n) + SMALL);
        }
        double[] factors = batch.means(logs);
        boolean isWeighted = batch.has(Column.WEIGHT) || batch.has(Column.SEQUENCE_WEIGHT);
        for (int s = 0; s < factors.length; s++) {
            double weight = isWeighted ? Math.exp(factors[s]) : 1;
            factors[s] = batch.get(Column.SEQUENCE_ADVANTAGE)[s] >= 0 || onPolicy[s] ? weight : 0;
        }
        return factors;
    }

    private double[] entropyShares(RolloutColumns batch, double[] weights, Totals totals) {
        double[] shares = new double[batch.numRows()];
        int count = 0;
        for (int n = 0; n < shares.length; n++) {
            boolean learns = batch.isKept(n);
            count += learns ? 1 : 0;
            shares[n] = !learns ? 0 : entropy.isAggregated() ? weights[n] : 1;
        }
        if (!entropy.isAggregated()) {
            double part = batch.numSequences() / totals.sequences() / Math.max(1, count);
            for (int n = 0; n < shares.length; n++) {
                shares[n] *= part;
            }
        }
        return shares;
    }

    /// A reward for the entropy of the policy: the loss is lowered by coefficient times the mean entropy of its tokens.
    ///
    /// @param coefficient 0 for none
    /// @param isAggregated whether entropies are aggregated like the policy loss (verl); else the plain mean over the
    ///     tokens of a micro-batch that have a policy loss is taken (TRL)
    public record EntropyBonus(double coefficient, boolean isAggregated) {
        /// No bonus.
        public static final EntropyBonus NONE = new EntropyBonus(0, true);

        /// @throws IllegalArgumentException if the coefficient is not finite
        public EntropyBonus {
            if (!Double.isFinite(coefficient)) {
                throw new IllegalArgumentException("entropy coefficient: found " + coefficient
                        + ", expected a finite number");
            }
        }

        /// The same with another coefficient.
        public EntropyBonus withCoefficient(double number) {
            return new EntropyBonus(number, isAggregated);
        }
    }
}
