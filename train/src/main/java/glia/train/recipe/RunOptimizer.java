package glia.train.recipe;

import glia.io.CheckpointException;
import glia.model.Initialization;
import glia.model.Model;
import glia.tensor.ops.Weight;
import glia.train.optim.Adafactor;
import glia.train.optim.AdamW;
import glia.train.optim.Lion;
import glia.train.optim.MaximalUpdate;
import glia.train.optim.Muon;
import glia.train.optim.ParameterGroup;
import glia.train.optim.ParameterGroups;
import glia.train.optim.Sgd;
import glia.train.optim.UpdateRule;
import glia.train.recipe.RecipeKeys.OptimizerName;
import glia.train.recipe.RecipeKeys.ScheduleName;
import glia.train.schedule.Schedule.ConstantSchedule;
import glia.train.schedule.Schedule.CosineSchedule;
import glia.train.schedule.Schedule.LinearSchedule;
import glia.train.schedule.Schedule.WarmupStableDecay;
import glia.train.schedule.Schedule;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/// The optimizer and the learning-rate schedule of a recipe.
final class RunOptimizer {
    private RunOptimizer() { }

    /// The parameters with their rules.
    ///
    /// @param others weights besides the model's
    static List<ParameterGroup> groups(Recipe recipe, RunModel run, Map<String, Weight.Stored> others)
            throws CheckpointException {
        List<ParameterGroup> groups = new ArrayList<>(ofModel(recipe, run));
        if (!others.isEmpty()) {
            UpdateRule rule = rule(recipe);
            groups.add(new ParameterGroup(others, rule instanceof Muon ? adamW(recipe) : rule, 0, 1));
        }
        return groups;
    }

    private static List<ParameterGroup> ofModel(Recipe recipe, RunModel run) throws CheckpointException {
        if (run.adapters().isPresent()) {
            return ofAdapters(recipe, run.adapters().get().trainable());
        }
        Model model = run.model();
        List<ParameterGroup> groups = withRules(recipe, model, run.trainable());
        if (!(RunModel.initialization(recipe) instanceof Initialization.MaximalUpdate form)) {
            return groups;
        }
        try {
            return MaximalUpdate.groups(model, form, groups);
        } catch (IllegalArgumentException e) {
            throw recipe.error(RecipeKeys.INIT, "is mup: " + e.getMessage());
        }
    }

    private static List<ParameterGroup> withRules(Recipe recipe, Model model, Predicate<Weight> trainable)
            throws CheckpointException {
        UpdateRule rule = rule(recipe);
        double decay = recipe.get(RecipeKeys.WEIGHT_DECAY);
        if (recipe.get(RecipeKeys.OPTIMIZER) != OptimizerName.MUON) {
            return ParameterGroups.of(model, trainable, rule, decay);
        }
        double factor = recipe.get(RecipeKeys.MUON_RATE);
        return ParameterGroups.of(model, trainable, rule, adamW(recipe), decay).stream()
                .map(g -> g.rule() == rule ? new ParameterGroup(g.weights(), rule, decay, factor) : g).toList();
    }

    /// Factors of adapters decay, magnitudes and biases do not.
    private static List<ParameterGroup> ofAdapters(Recipe recipe, Map<String, Weight.Stored> weights)
            throws CheckpointException {
        Map<String, Weight.Stored> matrices = new LinkedHashMap<>(weights);
        Map<String, Weight.Stored> vectors = new LinkedHashMap<>(weights);
        matrices.values().removeIf(w -> w.shape().length != 2);
        vectors.values().removeIf(w -> w.shape().length == 2);
        UpdateRule rule = rule(recipe);
        List<ParameterGroup> groups = new ArrayList<>();
        groups.add(new ParameterGroup(matrices, rule, recipe.get(RecipeKeys.WEIGHT_DECAY),
                rule instanceof Muon ? recipe.get(RecipeKeys.MUON_RATE) : 1));
        if (!vectors.isEmpty()) {
            groups.add(new ParameterGroup(vectors, rule instanceof Muon ? adamW(recipe) : rule, 0, 1));
        }
        return groups;
    }

    /// The rule of the parameters, with Muon that of the matrices of layers.
    static UpdateRule rule(Recipe recipe) throws CheckpointException {
        double momentum = recipe.get(RecipeKeys.MOMENTUM);
        List<Double> betas = recipe.get(RecipeKeys.BETAS);
        return switch (recipe.get(RecipeKeys.OPTIMIZER)) {
            case ADAMW -> adamW(recipe);
            case MUON -> new Muon(momentum, true, 5, false);
            case SGD -> new Sgd(momentum, 0, false);
            case LION -> new Lion(betas.get(0), betas.get(1));
            case ADAFACTOR -> new Adafactor();
        };
    }

    private static AdamW adamW(Recipe recipe) throws CheckpointException {
        List<Double> betas = recipe.get(RecipeKeys.BETAS);
        return new AdamW(betas.get(0), betas.get(1), recipe.get(RecipeKeys.EPSILON), false);
    }

    /// The schedule of a run of so many steps.
    static Schedule schedule(Recipe recipe, long steps, long warmup) throws CheckpointException {
        double minimum = recipe.get(RecipeKeys.MIN_FACTOR);
        long decay = recipe.find(RecipeKeys.DECAY).orElse(Math.min(Math.max(1, steps / 5), steps - warmup));
        ScheduleName name = recipe.get(RecipeKeys.SCHEDULE);
        if (name == ScheduleName.WSD && warmup + decay > steps) {
            throw recipe.error(RecipeKeys.DECAY, "is " + decay + ": with " + warmup + " steps of warm-up it is more "
                    + "than the " + steps + " steps of the run");
        }
        return switch (name) {
            case COSINE -> new CosineSchedule(warmup, steps, minimum);
            case LINEAR -> new LinearSchedule(warmup, steps, recipe.has(RecipeKeys.MIN_FACTOR) ? minimum : 0);
            case CONSTANT -> new ConstantSchedule(warmup);
            case WSD -> new WarmupStableDecay(warmup, steps - warmup - decay, decay, minimum,
                    WarmupStableDecay.Shape.LINEAR);
        };
    }
}
