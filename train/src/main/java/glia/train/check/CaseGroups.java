package glia.train.check;

import java.util.List;
import java.util.Optional;

/// The groups of cases that can be run: those of this module, and those of modules that provide [CaseGroup] as a
/// service.
public final class CaseGroups {
    private static final List<CaseGroup> KNOWN = Services.with(CaseGroup.class, List.of(
            new DistillationCases(), new LoraCases(), new MiniLlmCases(), new OptimCases(), new RewardModelCases(),
            new StepsCases(), new VerlDistillationCases()));

    private CaseGroups() { }

    /// All groups.
    public static List<CaseGroup> all() {
        return KNOWN;
    }

    /// The group with this name.
    public static Optional<CaseGroup> find(String name) {
        return KNOWN.stream().filter(group -> group.name().equals(name)).findFirst();
    }
}
