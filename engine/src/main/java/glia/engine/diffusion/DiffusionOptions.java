package glia.engine.diffusion;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.spec.Diffusion;
import java.util.List;
import java.util.Map;

/// Options of text diffusion, under the keys of `generation_config.json` and of the models' own samplers.
///
/// @param steps denoising steps: of the whole canvas with masks, at most of a block with uniform noise; 0 for one step
///     a token
/// @param blockLength the tokens of a block, which is denoised before the next begins
/// @param remasking the rule by which places are set: `low_confidence` or `random` in blocks, or by a schedule over the
///     whole canvas `origin`, `maskgit_plus`, `topk_margin`, `entropy`
/// @param temperature of sampled tokens; with uniform noise a factor of the schedule's
/// @param algTemperature with a schedule, places are drawn by their confidence; 0 takes the best
/// @param cfgScale classifier-free guidance: `u + (s + 1)(l - u)` with the logits u of a masked prompt
/// @param eps the time at which the schedule ends
/// @param entropyBound the summed entropy, in nats, of the places that a step accepts
/// @param lowest the temperature of the last step with uniform noise
/// @param highest that of the first
/// @param stability the steps for which a canvas must stay the same to be done
/// @param confidence the mean entropy, in nats, below which it may be done
public record DiffusionOptions(int steps, int blockLength, String remasking, double temperature, double topP, int topK,
        double algTemperature, double cfgScale, double eps, double entropyBound, double lowest, double highest,
        int stability, double confidence) {
    private static final List<String> BLOCK_RULES = List.of("low_confidence", "random");
    private static final List<String> SCHEDULED_RULES = List.of("origin", "maskgit_plus", "topk_margin", "entropy");
    private static final int BLOCK = 32;

    /// Reads the options of a model.
    ///
    /// @param config of generation, such as `generation_config.json` with what a request has changed
    /// @throws CheckpointException if a value is impossible, or belongs to another kind of model
    public static DiffusionOptions read(Config config, Diffusion kind) throws CheckpointException {
        boolean isUniform = kind instanceof Diffusion.Uniform;
        boolean isScheduled = kind instanceof Diffusion.Masked masked && masked.isShifted();
        List<String> rules = isScheduled ? SCHEDULED_RULES : BLOCK_RULES;
        String rule = config.text("remasking", config.text("alg", rules.getFirst()));
        if (isUniform && (config.has("remasking") || config.has("block_length"))) {
            throw config.error(config.has("remasking") ? "remasking" : "block_length", "is not an option of this "
                    + "model: its canvas has " + ((Diffusion.Uniform) kind).canvasLength()
                    + " tokens, and entropy_bound and confidence_threshold decide which of them are accepted");
        }
        if (!isUniform && !rules.contains(rule)) {
            throw config.error(config.has("remasking") ? "remasking" : "alg", "found '" + rule + "', expected "
                    + String.join(", ", rules));
        }
        if (isScheduled && (config.has("block_length") || real(config, "cfg_scale", 0, 0, 100) != 0)) {
            throw config.error(config.has("block_length") ? "block_length" : "cfg_scale", "is not an option of this "
                    + "model, which denoises the whole canvas by a schedule");
        }
        int steps = config.has("steps") ? config.positive("steps") : isUniform
                ? config.positive("max_denoising_steps", 48) : 0;
        double lowest = real(config, "t_min", 0.4, 0, 100);
        return new DiffusionOptions(steps, isUniform ? ((Diffusion.Uniform) kind).canvasLength()
                : config.positive("block_length", BLOCK), rule,
                real(config, "temperature", isUniform ? 1 : 0, 0, 100),
                config.has("top_p") ? real(config, "top_p", 1, 0, 1) : 1,
                config.has("top_k") ? config.positive("top_k") : 0,
                config.has("alg_temp") ? real(config, "alg_temp", 0, 0, 100) : 0, real(config, "cfg_scale", 0, 0, 100),
                real(config, "eps", 1e-3, 1e-12, 0.999), real(config, "entropy_bound", 0.1, 0, 1e6), lowest,
                real(config, "t_max", Math.max(lowest, 0.8), lowest, 100),
                config.positive("stability_threshold", 1), real(config, "confidence_threshold", 0.005, 0, 1e6));
    }

    private static double real(Config config, String key, double otherwise, double least, double most)
            throws CheckpointException {
        double value = config.real(key, otherwise);
        if (!(value >= least && value <= most)) {
            throw config.error(key, "found " + value + ", expected " + least + " to " + most);
        }
        return value;
    }

    /// A config with other values of some keys.
    public static Config with(Config config, Map<String, ?> others) {
        Config changed = config;
        for (Map.Entry<String, ?> other : others.entrySet()) {
            changed = changed.with(other.getKey(), other.getValue());
        }
        return changed;
    }
}
