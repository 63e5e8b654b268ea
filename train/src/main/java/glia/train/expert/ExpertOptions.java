package glia.train.expert;

import java.util.Objects;

/// How the routers of a mixture of experts are trained besides the loss of the model. 0 leaves a part out.
///
/// @param loadBalancing coefficient of the load-balancing loss, such as Mixtral's 0.001 and Switch's 0.01
/// @param scope the form of that loss
/// @param sequenceBalance coefficient of [ExpertLosses#sequenceBalance], DeepSeek-V3's 0.0001
/// @param zLoss coefficient of [ExpertLosses#zLoss], ST-MoE's 0.001
/// @param biasUpdate γ of [ExpertBias], DeepSeek-V3's 0.001
public record ExpertOptions(double loadBalancing, Scope scope, double sequenceBalance, double zLoss,
        double biasUpdate) {
    /// Over which layers the load of experts is balanced.
    public enum Scope {
        /// In each layer: [ExpertLosses#loadBalancing].
        LAYER,
        /// Over all layers together, as transformers computes it: [ExpertLosses#loadBalancingOverLayers].
        MODEL
    }

    /// Nothing besides the loss of the model.
    public static final ExpertOptions NONE = new ExpertOptions(0, 0, 0, 0);

    public ExpertOptions {
        Objects.requireNonNull(scope);
        check("coefficient of the load-balancing loss", loadBalancing);
        check("coefficient of the sequence-wise balance loss", sequenceBalance);
        check("coefficient of the router z-loss", zLoss);
        check("step of the expert biases", biasUpdate);
    }

    /// Loads are balanced in each layer.
    public ExpertOptions(double loadBalancing, double sequenceBalance, double zLoss, double biasUpdate) {
        this(loadBalancing, Scope.LAYER, sequenceBalance, zLoss, biasUpdate);
    }

    private static void check(String what, double value) {
        if (!(value >= 0) || Double.isInfinite(value)) {
            throw new IllegalArgumentException("a " + what + " of " + value + ", expected 0 or more");
        }
    }

    /// Whether there is a loss to add.
    boolean hasLoss() {
        return loadBalancing > 0 || sequenceBalance > 0 || zLoss > 0;
    }
}
