package glia.train.check;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.train.optim.Adafactor;
import glia.train.optim.Adagrad;
import glia.train.optim.Adam;
import glia.train.optim.AdamW;
import glia.train.optim.Adamax;
import glia.train.optim.Lion;
import glia.train.optim.Muon;
import glia.train.optim.NAdam;
import glia.train.optim.RAdam;
import glia.train.optim.RmsProp;
import glia.train.optim.Sgd;
import glia.train.optim.TorchAdafactor;
import glia.train.optim.UpdateRule;

/// Makes update rules from the parameters of torch's, Transformers' and lion-pytorch's optimizers. Parameters that are
/// absent have the defaults of the library.
final class ReferenceOptimizers {
    private ReferenceOptimizers() { }

    /// The learning rate.
    static double rate(Config p) throws CheckpointException {
        double usual = switch (p.text("optimizer")) {
            case "RMSprop", "Adagrad", "torch Adafactor" -> 1e-2;
            case "Adamax", "NAdam" -> 2e-3;
            case "Lion (lion-pytorch 0.2.5)" -> 1e-4;
            default -> 1e-3;
        };
        return p.real("lr", usual);
    }

    /// The weight decay, as a factor of the learning rate.
    static double decay(Config p) throws CheckpointException {
        double usual = switch (p.text("optimizer")) {
            case "AdamW" -> 0.01;
            case "Muon" -> 0.1;
            default -> 0;
        };
        double decay = p.real("weight_decay", usual);
        return p.flag("decoupled_weight_decay", false) ? decay / rate(p) : decay;
    }

    /// @throws CheckpointException if the optimizer is not known or a parameter out of its range
    static UpdateRule rule(Config p) throws CheckpointException {
        try {
            return ruleOf(p);
        } catch (IllegalArgumentException e) {
            CheckpointException error = p.error("optimizer", e.getMessage());
            error.initCause(e);
            throw error;
        }
    }

    private static UpdateRule ruleOf(Config p) throws CheckpointException {
        String name = p.text("optimizer");
        double beta1 = beta(p, 0, 0.9);
        double beta2 = beta(p, 1, name.startsWith("Lion") ? 0.99 : 0.999);
        double momentum = p.real("momentum", name.equals("Muon") ? 0.95 : 0);
        double epsilon = p.isList("eps") ? Double.NaN : p.real("eps", name.equals("Adagrad") ? 1e-10 : 1e-8);
        return switch (name) {
            case "AdamW" -> new AdamW(beta1, beta2, epsilon, p.flag("amsgrad", false));
            case "Adam" -> new Adam(beta1, beta2, epsilon, p.flag("amsgrad", false));
            case "SGD" -> new Sgd(momentum, p.real("dampening", 0), p.flag("nesterov", false));
            case "RMSprop" -> new RmsProp(p.real("alpha", 0.99), momentum, epsilon);
            case "Adagrad" -> new Adagrad(epsilon);
            case "Adamax" -> new Adamax(beta1, beta2, epsilon);
            case "NAdam" -> new NAdam(beta1, beta2, epsilon, p.real("momentum_decay", 4e-3));
            case "RAdam" -> new RAdam(beta1, beta2, epsilon);
            case "Muon" -> new Muon(momentum, p.flag("nesterov", true), p.integer("ns_steps", 5),
                    p.text("adjust_lr_fn", "original").equals("match_rms_adamw"));
            case "transformers Adafactor" -> new Adafactor(p.real("beta1", 0), p.real("clip_threshold", 1),
                    p.flag("scale_parameter", true), p.flag("relative_step", true), p.flag("warmup_init", false));
            case "torch Adafactor" -> new TorchAdafactor(p.real("d", 1));
            case "Lion (lion-pytorch 0.2.5)" -> new Lion(beta1, beta2);
            default -> throw p.error("optimizer", "found \"" + name + "\", which is not known");
        };
    }

    private static double beta(Config p, int index, double usual) throws CheckpointException {
        if (!p.has("betas")) {
            return usual;
        }
        double[] betas = p.reals("betas");
        if (betas.length != 2) {
            throw p.error("betas", "found " + betas.length + " numbers, expected 2");
        }
        return betas[index];
    }
}
