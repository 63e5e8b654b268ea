package glia.train.schedule;

/// A learning-rate schedule: the factor of the peak learning rate for each step.
///
/// Steps count from 0; w is the number of warm-up steps, N that of all steps. A linear warm-up is `(i + 1)/(w + 1)` as
/// in nanoGPT; with the `i/w` of Transformers the first update would change nothing. From step w on, names and numbers
/// are those of Transformers' `get_scheduler`. Past N the last factor holds, as in nanoGPT. Transformers agrees but for
/// cosines without restarts, which rise again there.
public sealed interface Schedule permits ConstantSchedule, CosineFromFirstStep, CosineRestarts, CosineSchedule,
        InverseSqrtSchedule, LinearSchedule, PolynomialSchedule, WarmupStableDecay {
    /// The factor of the peak learning rate at a step.
    double factor(long step);

    /// The name as recipes spell it.
    String name();
}
