package glia.check.training;

import glia.check.reference.ReferenceCase;
import glia.check.reference.WorstDifference;
import glia.engine.training.TokenBatch;
import glia.engine.training.TrainingOptions;
import glia.engine.training.TrainingPass;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.Model;
import glia.model.adapter.AdapterFolder;
import glia.model.adapter.Adapters;
import glia.tensor.Tensor;
import glia.tensor.autograd.Gradients;
import glia.tensor.kernel.Kernels;
import glia.tensor.ops.Weight;
import glia.train.optim.AdamW;
import glia.train.optim.GradientNorm;
import glia.train.optim.Optimizer;
import glia.train.optim.ParameterGroup;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;

/// Steps of AdamW on all tensors of an adapter, on one batch.
///
/// The first updates of Adam are steps of the learning rate in the direction of each gradient's sign, however small the
/// gradient is. So rounding errors can grow a hundredfold with each step. The tolerance of a step therefore grows with
/// the difference that small changes make: of the adapter by one unit in the last place, and of gradients by up to
/// eight units of the largest of their tensor, since gradients that are 0 but for rounding have any sign.
///
/// @param json `lr`, `betas`, `eps`, `weight_decay`, `clip_grad_norm`, and the results `losses` and `grad_norms`
record AdapterSteps(Model model, Path folder, TokenBatch batch, Config json, Kernels kernels) {
    private static final double NORMS = 1e-3;
    private static final int NUM_CHANGED = 3;
    private static final double MARGIN = 10;
    private static final float UNIT = 0x1p-23f;
    private static final int NOISE = 8;

    /// Losses and gradient norms before the updates.
    private record Figures(double[] losses, double[] norms) { }

    void compare(WorstDifference comparison) throws CheckpointException {
        double[] losses = json.reals("losses");
        double[] norms = json.reals("grad_norms");
        Figures found = run(losses.length, 0);
        double[] ofLosses = new double[losses.length];
        double[] ofNorms = new double[losses.length];
        for (int seed = 1; seed <= NUM_CHANGED; seed++) {
            Figures changed = run(losses.length, seed);
            widen(ofLosses, found.losses, changed.losses);
            widen(ofNorms, found.norms, changed.norms);
        }
        for (int i = 0; i < losses.length; i++) {
            comparison.values("loss of step " + i, new double[] {found.losses[i]}, new double[] {losses[i]},
                    Math.max(ReferenceCase.F32, MARGIN * ofLosses[i]));
            comparison.values("gradient norm of step " + i, new double[] {found.norms[i]}, new double[] {norms[i]},
                    Math.max(NORMS, MARGIN * ofNorms[i]));
        }
    }

    /// Raises the differences to those of another run; a later step is as uncertain as an earlier one, at least.
    private static void widen(double[] differences, double[] found, double[] changed) {
        double most = 0;
        for (int i = 0; i < found.length; i++) {
            most = Math.max(most, Math.abs(changed[i] - found[i]) / Math.abs(found[i]));
            differences[i] = Math.max(differences[i], most);
        }
    }

    /// @param seed of changes by one unit in the last place; 0 for none
    private Figures run(int steps, int seed) throws CheckpointException {
        double[] betas = json.reals("betas");
        double[] losses = new double[steps];
        double[] norms = new double[steps];
        try (Adapters adapters = AdapterFolder.read(model, folder);
                TrainingPass pass = TrainingPass.of(adapters.attach(), kernels,
                        TrainingOptions.defaults().withTrainable(adapters::contains));
                Optimizer optimizer = new Optimizer(kernels, List.of(new ParameterGroup(adapters.trainable(),
                        new AdamW(betas[0], betas[1], json.real("eps"), false), json.real("weight_decay"), 1)))) {
            SplittableRandom random = new SplittableRandom(seed);
            if (seed > 0) {
                change(adapters, random);
            }
            for (int step = 0; step < steps; step++) {
                losses[step] = pass.loss(batch);
                if (seed > 0) {
                    change(adapters, pass.weightGradients(), random);
                }
                norms[step] = optimizer.gradientNorm(pass.weightGradients());
                optimizer.step(pass.weightGradients(), json.real("lr"),
                        GradientNorm.clipFactor(norms[step], json.real("clip_grad_norm")));
                pass.zeroGradients();
            }
        }
        return new Figures(losses, norms);
    }

    private static void change(Adapters adapters, Gradients gradients, SplittableRandom random) {
        for (Weight.Stored w : adapters.trainable().values()) {
            Tensor g = gradients.of(w);
            float unit = 0;
            for (long i = 0; i < g.size(); i++) {
                unit = Math.max(unit, UNIT * Math.abs(g.get(i)));
            }
            for (long i = 0; i < g.size(); i++) {
                g.set(i, g.get(i) == 0 ? 0 : g.get(i) + (random.nextInt(2 * NOISE + 1) - NOISE) * unit);
            }
        }
    }

    private static void change(Adapters adapters, SplittableRandom random) {
        adapters.trainable().values().forEach(w -> w.update(t -> {
            for (long i = 0; i < t.size(); i++) {
                t.set(i, t.get(i) * (1 + (random.nextInt(3) - 1) * UNIT));
            }
        }));
    }
}
