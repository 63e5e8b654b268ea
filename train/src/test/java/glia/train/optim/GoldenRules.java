package glia.train.optim;

import java.util.Map;
import tools.jackson.databind.JsonNode;

/// Makes rules from the reference's parameters.
final class GoldenRules {
    private static final Map<String, Double> DEFAULT_DECAY = Map.of("AdamW", 0.01, "Muon", 0.1);

    private GoldenRules() { }

    static double defaultDecay(JsonNode p) {
        return DEFAULT_DECAY.getOrDefault(p.get("optimizer").asString(), 0.0);
    }

    static UpdateRule rule(JsonNode p) {
        double beta1 = p.path("betas").path(0).asDouble(0.9);
        double beta2 = p.path("betas").path(1).asDouble(0.999);
        double momentum = p.path("momentum").asDouble(0);
        return switch (p.get("optimizer").asString()) {
            case "AdamW" -> new AdamW(beta1, beta2, p.path("eps").asDouble(1e-8), p.path("amsgrad").asBoolean(false));
            case "Adam" -> new Adam();
            case "SGD" -> new Sgd(momentum, p.path("dampening").asDouble(0), p.path("nesterov").asBoolean(false));
            case "RMSprop" -> new RmsProp(p.path("alpha").asDouble(0.99), momentum, 1e-8);
            case "Adagrad" -> new Adagrad();
            case "Adamax" -> new Adamax();
            case "NAdam" -> new NAdam();
            case "RAdam" -> new RAdam();
            case "Muon" -> new Muon(p.path("momentum").asDouble(0.95), p.path("nesterov").asBoolean(true),
                    p.path("ns_steps").asInt(5), p.path("adjust_lr_fn").asString("").equals("match_rms_adamw"));
            case "transformers Adafactor" -> new Adafactor(p.path("beta1").asDouble(0),
                    p.path("clip_threshold").asDouble(1), p.path("scale_parameter").asBoolean(true),
                    p.path("relative_step").asBoolean(true), p.path("warmup_init").asBoolean(false));
            case "torch Adafactor" -> new TorchAdafactor(p.path("d").asDouble(1));
            case "Lion (lion-pytorch 0.2.5)" -> new Lion(beta1, p.path("betas").path(1).asDouble(0.99));
            default -> throw new IllegalArgumentException(p.toString());
        };
    }
}
