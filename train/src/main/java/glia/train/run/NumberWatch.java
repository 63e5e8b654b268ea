package glia.train.run;

import glia.engine.training.TrainingPass;
import glia.model.Model;
import glia.model.spec.Parameter;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.autograd.Gradients;
import glia.tensor.ops.LowRank;
import glia.tensor.ops.Weight;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// Watches for losses and gradients that are not finite, and for loss spikes. It names the step, the layer and the
/// tensor: the first gradient of the backward pass, from the head down, that is not finite.
///
/// A gradient norm is finite exactly if all gradients are, so a step without such a gradient costs no pass over them.
///
/// A loss spike is a loss above `mean + max(s · σ, |mean| / 10)` of the losses of the last steps. These are `state`,
/// which a checkpoint holds, so that a resumed run comes to the same verdicts.
public final class NumberWatch implements NumberGuard {
    /// What to do.
    public enum Policy {
        /// End the run.
        STOP,
        /// Leave out the update.
        SKIP,
        /// Return to the last checkpoint and leave out the data since then.
        ROLL_BACK,
        /// Warn only.
        WARN
    }

    /// What to do, and when.
    ///
    /// @param notFinite what follows a loss or gradient that is not finite
    /// @param spike what follows a loss spike
    /// @param deviations s, standard deviations above the mean
    /// @param window losses of which mean and deviation are taken
    public record Options(Policy notFinite, Policy spike, double deviations, int window) {
        public Options {
            if (!(deviations > 0) || window < 2) {
                throw new IllegalArgumentException("loss spikes of " + deviations + " deviations over " + window
                        + " losses, expected more than 0 and at least 2");
            }
        }

        /// One policy; spikes, which may be harmless, do not stop a run but give a warning. 6 deviations over 100
        /// losses.
        public static Options of(Policy policy) {
            return new Options(policy, policy == Policy.STOP ? Policy.WARN : policy, 6, 100);
        }
    }

    private static final int MAX_FAILURES = 10;
    private static final double LEAST_RISE = 0.1;
    private static final String ADVICE = "; try a smaller learning rate, more warm-up steps or a smaller gradient norm";

    private final Options options;
    /// In the order of the backward pass.
    private final Map<String, Weight> weights = new LinkedHashMap<>();
    private int numFailures;
    /// The losses of the last steps in a ring, then their number.
    private final Tensor losses;

    public NumberWatch(Model model, Options options) {
        this.options = options;
        List<Parameter> parameters = new ArrayList<>(model.sources().keySet());
        Collections.reverse(parameters);
        for (Parameter p : parameters) {
            String layer = p.sublayer() < 0 ? "" : "layer " + model.spec().sublayer(p).layer() + ", ";
            String name = model.storedName(p) + " (" + layer + p.role().name().toLowerCase(Locale.ROOT)
                    .replace('_', ' ') + (p.expert() < 0 ? ")" : " of expert " + p.expert() + ")");
            add(name, model.weights().get(p));
        }
        losses = Tensor.allocate(Arena.ofAuto(), DType.F32, options.window() + 1);
    }

    private void add(String name, Weight weight) {
        switch (weight) {
            case Weight.Plain plain -> weights.putIfAbsent(name, plain);
            case LowRank adapted -> {
                weights.put("adapter B of " + name, adapted.b());
                weights.put("adapter A of " + name, adapted.a());
                adapted.bias().ifPresent(b -> weights.put("adapter bias of " + name, b));
                adapted.magnitudes().ifPresent(m -> weights.put("magnitudes of " + name, m.vector()));
                add(name, adapted.base());
            }
        }
    }

    /// The last losses, which belong into a checkpoint.
    public Map<String, Tensor> state() {
        return Map.of("number_watch.losses", losses);
    }

    @Override
    public Verdict check(TrainingPass pass, long step, double loss, double gradientNorm) {
        if (!Double.isFinite(loss) || !Double.isFinite(gradientNorm)) {
            String where = first(pass.weightGradients()).orElse(Double.isFinite(gradientNorm)
                    ? "all gradients are finite" : "all gradients of the model's own parameters are finite");
            String reason = "step " + step + ": the loss is " + loss + ", the gradient norm " + gradientNorm + "; "
                    + where;
            requireHope(reason);
            return verdict(options.notFinite, reason);
        }
        numFailures = 0;
        String spike = spike(loss);
        remember(loss);
        return spike.isEmpty() ? Verdict.UPDATE
                : verdict(options.spike, "step " + step + ": loss spike, " + spike);
    }

    /// Ends the run if leaving out updates cannot help: weights that are not finite stay so, and the last checkpoint
    /// may have them, too; weights that are too large give no finite loss either.
    private void requireHope(String reason) {
        numFailures++;
        if (options.notFinite == Policy.STOP || options.notFinite == Policy.WARN
                || options.notFinite == Policy.ROLL_BACK && numFailures == 1) {
            return;
        }
        if (numFailures == MAX_FAILURES) {
            throw new TrainingException(reason + "; none of the last " + numFailures + " losses was finite with finite "
                    + "gradients, so leaving out updates does not help" + ADVICE);
        }
        for (Map.Entry<String, Weight> e : weights.entrySet()) {
            Optional<String> found = e.getValue() instanceof Weight.Stored w && w.tensor().dtype() == DType.F32
                    ? notFinite(w.tensor()) : Optional.empty();
            if (found.isPresent()) {
                throw new TrainingException(reason + "; the weights themselves are not finite, so that no later step "
                        + "can be: " + e.getKey() + ": " + found.get() + ADVICE);
            }
        }
    }

    private static Verdict verdict(Policy policy, String reason) {
        return switch (policy) {
            case STOP -> throw new TrainingException(reason + ADVICE);
            case SKIP -> new Verdict(Verdict.Action.SKIP, reason + "; the update is skipped");
            case ROLL_BACK -> new Verdict(Verdict.Action.ROLL_BACK, reason);
            case WARN -> new Verdict(Verdict.Action.WARN, reason);
        };
    }

    /// What is wrong with the first gradient of the backward pass that is not finite.
    private Optional<String> first(Gradients gradients) {
        for (Map.Entry<String, Weight> e : weights.entrySet()) {
            Optional<String> found = gradients.find(e.getValue()).flatMap(NumberWatch::notFinite);
            if (found.isPresent()) {
                return Optional.of("the first gradient of the backward pass that is not finite is that of "
                        + e.getKey() + ": " + found.get());
            }
        }
        return Optional.empty();
    }

    private static Optional<String> notFinite(Tensor values) {
        long count = 0;
        long first = -1;
        for (long i = 0; i < values.size(); i++) {
            if (!Float.isFinite(values.get(i))) {
                first = count++ == 0 ? i : first;
            }
        }
        return count == 0 ? Optional.empty() : Optional.of(count + " of " + values.size() + " values, the first "
                + values.get(first) + " in row " + first / values.cols() + ", column " + first % values.cols());
    }

    /// How far a loss is above the last ones, if too far.
    private String spike(double loss) {
        int count = (int) Math.min(losses.get(options.window()), options.window());
        if (count < Math.min(20, options.window())) {
            return "";
        }
        double sum = 0;
        for (int i = 0; i < count; i++) {
            sum += losses.get(i);
        }
        double mean = sum / count;
        double squares = 0;
        for (int i = 0; i < count; i++) {
            squares += (losses.get(i) - mean) * (losses.get(i) - mean);
        }
        double deviation = Math.sqrt(squares / count);
        double limit = mean + Math.max(options.deviations * deviation, LEAST_RISE * Math.abs(mean));
        return loss <= limit ? "" : String.format(Locale.ROOT, "%.4g after a mean of %.4g with a standard deviation of"
                + " %.2g over %d steps", loss, mean, deviation, count);
    }

    /// The number of losses is exact up to 2^24; beyond that it starts again at the size of the window.
    private void remember(double loss) {
        long count = (long) losses.get(options.window());
        losses.set(count % options.window(), (float) loss);
        long next = count + 1 == 1 << 24 ? options.window() + (count + 1) % options.window() : count + 1;
        losses.set(options.window(), next);
    }

    /// What happens with the update of a step.
    ///
    /// @param reason why it is not simply made; empty for `UPDATE`
    public record Verdict(Action action, String reason) {
        /// What to do.
        public enum Action {
            /// Make the update.
            UPDATE,
            /// Make the update and warn.
            WARN,
            /// Leave out the update.
            SKIP,
            /// Return to the weights and the optimizer state of the last checkpoint. The data since then is left out.
            ROLL_BACK
        }

        /// The update is made.
        public static final Verdict UPDATE = new Verdict(Action.UPDATE, "");
    }
}
