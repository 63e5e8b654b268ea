package glia.train.run;

import glia.train.schedule.Schedule;

/// Options of a training loop.
///
/// @param steps updates in all
/// @param learningRate η, the rate that the schedule's factors multiply
/// @param schedule the factor of each step
/// @param maxGradientNorm gradients are scaled down to this norm; infinite for no clipping
/// @param validateEvery steps between validations; 0 for none but the last
/// @param saveEvery steps between checkpoints; 0 for none but the last
/// @param measureEvery steps between measurements of the norms of weights and gradients; 0 for none
/// @param sampleEvery steps between samples; 0 for none
/// @param savesBest whether a checkpoint is saved at each validation that is the best so far
/// @param patience validations without improvement that end the run; 0 for no end
public record TrainerOptions(long steps, double learningRate, Schedule schedule, double maxGradientNorm,
        long validateEvery, long saveEvery, long measureEvery, long sampleEvery, boolean savesBest,
        long patience) {
    public TrainerOptions {
        notNegative("steps", steps);
        notNegative("steps between validations", validateEvery);
        notNegative("steps between checkpoints", saveEvery);
        notNegative("steps between measurements", measureEvery);
        notNegative("steps between samples", sampleEvery);
        notNegative("validations of patience", patience);
        if (!(learningRate >= 0) || Double.isInfinite(learningRate)) {
            throw new IllegalArgumentException("a learning rate of " + learningRate + ", expected 0 or more");
        }
        if (!(maxGradientNorm > 0)) {
            throw new IllegalArgumentException("a largest gradient norm of " + maxGradientNorm + ", expected above 0");
        }
    }

    /// Without best checkpoints.
    public TrainerOptions(long steps, double learningRate, Schedule schedule, double maxGradientNorm,
            long validateEvery, long saveEvery, long measureEvery, long sampleEvery) {
        this(steps, learningRate, schedule, maxGradientNorm, validateEvery, saveEvery, measureEvery, sampleEvery,
                false, 0);
    }

    /// The same with other checkpoints.
    ///
    /// @param best whether a checkpoint is saved at each validation that is the best so far
    /// @param validations without improvement that end the run; 0 for no end
    public TrainerOptions withBest(boolean best, long validations) {
        return new TrainerOptions(steps, learningRate, schedule, maxGradientNorm, validateEvery, saveEvery,
                measureEvery, sampleEvery, best, validations);
    }

    /// Clipping at a norm of 1, no validation, checkpoints, measurements or samples on the way.
    public TrainerOptions(long steps, double learningRate, Schedule schedule) {
        this(steps, learningRate, schedule, 1, 0, 0, 0, 0);
    }

    private static void notNegative(String what, long number) {
        if (number < 0) {
            throw new IllegalArgumentException(number + " " + what + ", expected 0 or more");
        }
    }

    /// Whether something that happens every so many steps is due after `step` updates.
    static boolean due(long every, long step) {
        return every > 0 && step % every == 0;
    }
}
