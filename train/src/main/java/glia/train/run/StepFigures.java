package glia.train.run;

import java.util.Map;

/// What a step of a run measured.
///
/// @param step updates so far, this one included
/// @param loss the training loss before the update
/// @param gradientNorm the norm of all gradients before clipping
/// @param learningRate the rate of this update
/// @param tokens tokens of this step
/// @param tokensSeen tokens of all steps so far
/// @param seconds the time of this step, without validation and checkpoints
/// @param parts further figures by name; groups are separated by slashes, such as `experts/load_max`
public record StepFigures(long step, double loss, double gradientNorm, double learningRate, long tokens,
        long tokensSeen, double seconds, Map<String, Double> parts) {
    public StepFigures {
        parts = Map.copyOf(parts);
    }
}
