package glia.check.training;

import glia.check.reference.CaseParams;
import glia.train.optim.Adafactor;
import glia.train.optim.Adagrad;
import glia.train.optim.AdamW;
import glia.train.optim.Adamax;
import glia.train.optim.Lion;
import glia.train.optim.Muon;
import glia.train.optim.NAdam;
import glia.train.optim.NewtonSchulz;
import glia.train.optim.RAdam;
import glia.train.optim.RmsProp;
import glia.train.optim.Sgd;
import glia.train.optim.TorchAdafactor;
import glia.train.optim.UpdateRule;
import tools.jackson.databind.JsonNode;

/// Makes update rules from the parameters of torch's, Transformers' and lion-pytorch's optimizers. Parameters that are
/// absent have the defaults of the library.
final class ReferenceOptimizers {
    /// How the reference says that a run updates adapters alone.
    private static final String OF_ADAPTERS = " on all adapter tensors";
    private static final String F64 = "torch.float64";
    private static final String LION = "Lion (lion-pytorch 0.2.5)";

    private ReferenceOptimizers() { }

    private static String name(CaseParams p) {
        return p.text("optimizer").replace(OF_ADAPTERS, "");
    }

    /// The learning rate.
    static double rate(CaseParams p) {
        return p.number("lr", switch (name(p)) {
            case "RMSprop", "Adagrad", "torch Adafactor" -> 1e-2;
            case "Adamax", "NAdam" -> 2e-3;
            case LION -> 1e-4;
            default -> 1e-3;
        });
    }

    /// The weight decay, as a factor of the learning rate.
    static double decay(CaseParams p) {
        double decay = p.number("weight_decay", switch (name(p)) {
            case "AdamW" -> 0.01;
            case "Muon" -> 0.1;
            default -> 0;
        });
        return name(p).equals(LION) && p.flag("decoupled_weight_decay", false) ? decay / rate(p) : decay;
    }

    /// The update rule.
    ///
    /// @param dtype in which the reference computes, such as `torch.float64`
    /// @throws IllegalArgumentException if the optimizer is not known or a parameter out of its range
    static UpdateRule rule(CaseParams p, String dtype) {
        String name = name(p);
        return switch (name) {
            case "AdamW" -> new AdamW(beta(p, 0), beta(p, 1), epsilon(p), p.flag("amsgrad", false));
            case "Adam" -> new AdamW(beta(p, 0), beta(p, 1), epsilon(p), p.flag("amsgrad", false), false);
            case "SGD" -> new Sgd(p.number("momentum", 0), p.number("dampening", 0), p.flag("nesterov", false));
            case "RMSprop" -> new RmsProp(p.number("alpha", 0.99), p.number("momentum", 0), epsilon(p),
                    p.flag("centered", false));
            case "Adagrad" -> new Adagrad(p.number("eps", 1e-10), p.number("lr_decay", 0),
                    p.number("initial_accumulator_value", 0));
            case "Adamax" -> new Adamax(beta(p, 0), beta(p, 1), epsilon(p));
            case "NAdam" -> new NAdam(beta(p, 0), beta(p, 1), epsilon(p), p.number("momentum_decay", 4e-3),
                    p.flag("decoupled_weight_decay", false));
            case "RAdam" -> new RAdam(beta(p, 0), beta(p, 1), epsilon(p), p.flag("decoupled_weight_decay", false));
            case "Muon" -> new Muon(p.number("momentum", 0.95), p.flag("nesterov", true),
                    iteration(p, !dtype.equals(F64)),
                    matchesAdamW(p.text("adjust_lr_fn", "original")));
            case "transformers Adafactor" -> new Adafactor(p.number("beta1", 0), p.number("clip_threshold", 1),
                    p.flag("scale_parameter", true), p.flag("relative_step", true), p.flag("warmup_init", false),
                    p.number("decay_rate", -0.8), of(p, "eps", 0, 1e-30, 2), of(p, "eps", 1, 1e-3, 2));
            case "torch Adafactor" -> new TorchAdafactor(p.number("d", 1), p.number("beta2_decay", -0.8),
                    of(p, "eps", 0, dtype.equals(F64) ? Math.ulp(1.0) : TorchAdafactor.EPSILON, 2),
                    of(p, "eps", 1, 1e-3, 2));
            case LION -> new Lion(beta(p, 0), p.has("betas") ? beta(p, 1) : 0.99);
            default -> throw new IllegalArgumentException("the optimizer \"" + name + "\" is not known");
        };
    }

    private static boolean matchesAdamW(String adjustment) {
        return switch (adjustment) {
            case "original" -> false;
            case "match_rms_adamw" -> true;
            default -> throw new IllegalArgumentException("adjust_lr_fn: found \"" + adjustment
                    + "\", expected \"original\" or \"match_rms_adamw\"");
        };
    }

    private static double epsilon(CaseParams p) {
        return p.number("eps", 1e-8);
    }

    private static double beta(CaseParams p, int index) {
        return of(p, "betas", index, index == 0 ? 0.9 : 0.999, 2);
    }

    /// A number of a list of so many; the default if the list is absent or the number null.
    private static double of(CaseParams p, String name, int index, double ifAbsent, int count) {
        if (!p.has(name)) {
            return ifAbsent;
        }
        JsonNode numbers = p.required(name);
        if (numbers.size() != count) {
            throw new IllegalArgumentException(name + ": found " + numbers + ", expected " + count + " numbers");
        }
        return numbers.get(index).isNull() ? ifAbsent : CaseParams.number(name, numbers.get(index));
    }

    /// The iteration of Muon.
    ///
    /// @param isRounded whether in BF16
    static NewtonSchulz iteration(CaseParams p, boolean isRounded) {
        String name = "ns_coefficients";
        return new NewtonSchulz(p.integer("ns_steps", 5), of(p, name, 0, 3.4445, 3), of(p, name, 1, -4.775, 3),
                of(p, name, 2, 2.0315, 3), p.number("eps", 1e-7), isRounded);
    }
}
