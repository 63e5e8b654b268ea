package glia.train.expert;

import glia.engine.inspect.ExpertLoad;
import glia.engine.training.Loss;
import glia.engine.training.RouterOutput;
import glia.engine.training.TrainingPass;
import glia.model.Model;
import glia.model.spec.Parameter;
import glia.model.spec.Place;
import glia.model.spec.Role;
import glia.tensor.DType;
import glia.tensor.autograd.Value;
import glia.tensor.ops.Weight;
import glia.train.run.Objective.StepLoss;
import glia.train.run.Objective;
import glia.train.run.Trainer.StepHook;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.TreeMap;

/// Trains the routers of a mixture of experts: adds their losses to that of the model, counts the loads of a step, and
/// moves the biases after it. No token is dropped, whatever the loads are.
///
/// ```java
/// var experts = new ExpertTraining(model, new ExpertOptions(0.001, 0, 0.001, 0));
/// Loss loss = experts.with(Loss.CROSS_ENTROPY);
/// experts.startStep();
/// double value = pass.loss(batch, loss);
/// optimizer.step(pass.weightGradients(), rate, 1);
/// experts.updated(step);
/// ```
/// With a trainer: `new Trainer(pass, optimizer, experts.observe(objective), options).after(experts)`, where the
/// objective has the loss that `with` made. Belongs to one thread.
public final class ExpertTraining implements StepHook {
    private record Layer(int number, long[] counts) { }

    private final ExpertOptions options;
    private final Optional<ExpertBias> bias;
    private final Map<Place, Layer> layers = new LinkedHashMap<>();
    private final Map<String, Double> sums = new TreeMap<>();
    private int numBatches;

    /// @throws IllegalArgumentException if the options need a bias and the model's routers have none
    public ExpertTraining(Model model, ExpertOptions options) {
        this.options = options;
        bias = options.biasUpdate() == 0 ? Optional.empty() : Optional.of(new ExpertBias(model, options.biasUpdate()));
    }

    /// A loss plus those of the routers. Each batch that it is computed for counts into the loads of the step, so
    /// validation takes the loss without them.
    public Loss with(Loss base) {
        return p -> {
            // The loss first: it may run multi-token-prediction layers, whose experts are balanced, too.
            Value loss = base.of(p);
            List<RouterOutput> routers = options.hasLoss() ? p.routers() : p.ownRouters();
            count(routers);
            return options.hasLoss() ? loss.plus(auxiliary(routers)) : loss;
        };
    }

    private Value auxiliary(List<RouterOutput> routers) {
        Optional<Value> sum = Optional.empty();
        if (options.loadBalancing() > 0) {
            sum = plus(sum, "load_balancing_loss", switch (options.scope()) {
                case LAYER -> ExpertLosses.loadBalancing(routers);
                case MODEL -> ExpertLosses.loadBalancingOverLayers(routers);
            }, options.loadBalancing());
        }
        if (options.sequenceBalance() > 0) {
            sum = plus(sum, "sequence_balance_loss", ExpertLosses.sequenceBalance(routers),
                    options.sequenceBalance());
        }
        if (options.zLoss() > 0) {
            sum = plus(sum, "z_loss", ExpertLosses.zLoss(routers), options.zLoss());
        }
        return sum.orElseThrow();
    }

    private Optional<Value> plus(Optional<Value> sum, String name, Value part, double coefficient) {
        sums.merge("experts/" + name, part.number(), Double::sum);
        Value scaled = part.times(coefficient);
        return Optional.of(sum.isEmpty() ? scaled : sum.get().plus(scaled));
    }

    private void count(List<RouterOutput> routers) {
        numBatches++;
        for (RouterOutput r : routers) {
            long[] counts = layers.computeIfAbsent(r.place(), p -> new Layer(r.layer(), new long[r.numExperts()]))
                    .counts;
            long[] more = r.counts();
            for (int e = 0; e < counts.length; e++) {
                counts[e] += more[e];
            }
        }
    }

    /// The loads of the layers in this step so far.
    public List<ExpertLoad> loads() {
        return layers.values().stream().map(l -> new ExpertLoad(l.number, l.counts.clone())).toList();
    }

    /// Figures of this step so far: the mean over batches of each router loss, without its coefficient, such as
    /// `experts/z_loss`; for each layer the load of the most and the least chosen expert relative to the mean,
    /// `experts/load_max/3` and `experts/load_min/3`, both 1 in balance; `experts/load_max` over all layers.
    public Map<String, Double> figures() {
        Map<String, Double> all = new TreeMap<>();
        sums.forEach((name, sum) -> all.put(name, sum / numBatches));
        List<ExpertLoad> loads = new ArrayList<>(loads());
        for (ExpertLoad load : loads) {
            double least = 1;
            for (int e = 0; e < load.counts().length; e++) {
                least = Math.min(least, load.share(e) * load.counts().length);
            }
            all.put("experts/load_max/" + load.layer(), load.imbalance());
            all.put("experts/load_min/" + load.layer(), least);
        }
        loads.stream().mapToDouble(ExpertLoad::imbalance).max().ifPresent(most -> all.put("experts/load_max", most));
        return all;
    }

    /// Makes loads and figures those of all ranks.
    private void addRanks(TrainingPass pass) {
        for (Layer layer : layers.values()) {
            double[] all = pass.reduction().totals(Arrays.stream(layer.counts).asDoubleStream().toArray());
            Arrays.setAll(layer.counts, e -> (long) all[e]);
        }
        sums.replaceAll((name, sum) -> pass.total(sum));
        numBatches *= pass.reduction().numGroups();
    }

    /// An objective that starts the steps of this one and adds the figures.
    public Objective observe(Objective inner) {
        return new Objective() {
            @Override
            public StepLoss accumulate(TrainingPass pass, long step) {
                startStep();
                StepLoss loss = inner.accumulate(pass, step);
                if (pass.reduction().size() > 1) {
                    addRanks(pass);
                }
                Map<String, Double> parts = new TreeMap<>(loss.parts());
                parts.putAll(figures());
                return new StepLoss(loss.loss(), loss.tokens(), parts, loss.texts(), loss.warnings());
            }

            @Override
            public boolean isParallel() {
                return inner.isParallel();
            }

            @Override
            public boolean canResumeAt(long step) {
                return inner.canResumeAt(step);
            }

            @Override
            public boolean assist(TrainingPass pass) {
                return inner.assist(pass);
            }

            @Override
            public void release(TrainingPass pass, boolean hasEnded) {
                inner.release(pass, hasEnded);
            }

            @Override
            public double validationTie() {
                return inner.validationTie();
            }

            @Override
            public Map<String, Double> validationFigures() {
                return inner.validationFigures();
            }

            @Override
            public OptionalDouble validate(TrainingPass pass) {
                return inner.validate(pass);
            }
        };
    }

    /// Moves the biases by the loads of the step, if that is wanted.
    @Override
    public void updated(long step) {
        bias.ifPresent(b -> layers.forEach((place, layer) -> b.update(place, layer.counts)));
    }

    /// Forgets loads and figures.
    public void startStep() {
        layers.clear();
        sums.clear();
        numBatches = 0;
    }

    /// Load balancing without an auxiliary loss (https://arxiv.org/abs/2408.15664): after each step the bias that
    /// corrects an expert's score for the choice moves by γ towards balance, `b_e ← b_e + γ · sign(mean(load) -
    /// load_e)`. The bias does not enter the weights of the experts' outputs, so it has no gradient.
    public static final class ExpertBias {
        private final Map<Place, Weight.Stored> biases = new LinkedHashMap<>();
        private final double step;

        /// @param step γ
        /// @throws IllegalArgumentException if the model's routers have no bias, or it cannot be changed
        public ExpertBias(Model model, double step) {
            this.step = step;
            for (Parameter p : model.sources().keySet()) {
                if (p.role() == Role.ROUTER_CORRECTION) {
                    if (!(model.weights().get(p) instanceof Weight.Stored w) || w.tensor().dtype() != DType.F32) {
                        throw new IllegalArgumentException(model.storedName(p) + " is stored as "
                                + model.weights().get(p).format() + ", expected F32; load the model with copies");
                    }
                    biases.put(p.place(), w);
                }
            }
            if (biases.isEmpty()) {
                throw new IllegalArgumentException("routers of the family " + model.spec().modelType()
                        + " have no bias "
                        + "that corrects the choice of experts; use the load-balancing loss instead");
            }
        }

        /// Moves the biases of a layer.
        ///
        /// @param loads how often each expert was chosen in the step
        void update(Place place, long[] loads) {
            Weight.Stored bias = biases.get(place);
            if (bias == null) {
                return;
            }
            long sum = Arrays.stream(loads).sum();
            bias.update(b -> {
                for (int e = 0; e < loads.length; e++) {
                    b.set(e, (float) (b.get(e) + step * Long.signum(sum - loads[e] * loads.length)));
                }
            });
        }
    }
}
