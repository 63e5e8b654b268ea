package glia.check;

import glia.check.policy.AdaptiveEntropyCases;
import glia.check.policy.GmpoCases;
import glia.check.policy.GrpoCases;
import glia.check.policy.PolicyRuns;
import glia.check.policy.PpoCases;
import glia.check.policy.RlooCases;
import glia.check.policy.VerlAdvantageCases;
import glia.check.policy.VerlLossCases;
import glia.check.preference.DpoRuns;
import glia.check.preference.PreferenceCases;
import glia.check.preference.PrmCases;
import glia.check.reference.CacheCases;
import glia.check.reference.CaseFile;
import glia.check.reference.CaseGroup;
import glia.check.reference.CaseResult;
import glia.check.reference.KeptCacheCases;
import glia.check.reference.PositionCases;
import glia.check.reference.RingCases;
import glia.check.reference.RopeCases;
import glia.check.reference.SparseCases;
import glia.check.reference.TaskCases;
import glia.check.reward.MathVerifyCases;
import glia.check.reward.RewardCases;
import glia.check.training.DistillationCases;
import glia.check.training.FineTuning;
import glia.check.training.LoraCases;
import glia.check.training.MiniLlmCases;
import glia.check.training.OptimCases;
import glia.check.training.RewardModelCases;
import glia.check.training.StepsCases;
import glia.check.training.VerlDistillationCases;
import glia.io.CheckpointException;
import glia.tensor.kernel.Kernels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.stream.Stream;

/// A folder with one folder for each group of cases. The base checkpoints of cases lie in the folder `golden` beside
/// it.
public final class CaseTree {
    private static final String GOLDENS = "golden";
    private static final Map<String, CaseGroup> GROUPS = Map.ofEntries(
            entry("adaptive-entropy", AdaptiveEntropyCases::run),
            entry("bco", PreferenceCases::bco),
            entry("cpo", CaseFile.group(PreferenceCases::cpo)),
            entry("distillation", CaseFile.group(DistillationCases::run)),
            entry("dpo", CaseFile.group(PreferenceCases::dpo)),
            entry("gmpo", CaseFile.group(GmpoCases::run)),
            entry("grpo", CaseFile.group(GrpoCases::run)),
            entry("kto", CaseFile.group(PreferenceCases::kto)),
            entry("kv", new KeptCacheCases()),
            entry("lora", LoraCases::run),
            entry("math-verify", MathVerifyCases::run),
            entry("memory", CacheCases::memory),
            entry("minillm", CaseFile.group(MiniLlmCases::run)),
            entry("optim", CaseFile.group(OptimCases::run)),
            entry("orpo", CaseFile.group(PreferenceCases::orpo)),
            entry("positions", new PositionCases()),
            entry("ppo-trl", CaseFile.group(PpoCases::run)),
            entry("prm", PrmCases::run),
            entry("quant", CacheCases.formats()),
            entry("reward-model", CaseFile.group(RewardModelCases::run)),
            entry("rewards", RewardCases::run),
            entry("ring", new RingCases()),
            entry("rloo", CaseFile.group(RlooCases::run)),
            entry("rope", new RopeCases()),
            entry("sparse", new SparseCases()),
            entry("steps", new StepsCases(List.of(new FineTuning(), new PolicyRuns(), new DpoRuns()))),
            entry("tasks", new TaskCases()),
            entry("verl-advantages", CaseFile.group(VerlAdvantageCases::run)),
            entry("verl-distillation", CaseFile.group(VerlDistillationCases::run)),
            entry("verl-losses", CaseFile.group(VerlLossCases::run)));

    /// What was run.
    ///
    /// @param numCases all cases that were run
    /// @param numPassed those that agree with the reference
    /// @param unknownGroups folders of no known group
    /// @param unknownCases cases of unknown kinds, by group
    public record Summary(int numCases, int numPassed, List<String> unknownGroups,
            Map<String, List<String>> unknownCases) { }

    private final Path root;
    private final Kernels kernels;
    private final Function<Path, Optional<CaseGroup>> groups;
    private final BiConsumer<String, CaseResult> results;
    private int numCases;
    private int numPassed;

    private CaseTree(Path root, Kernels kernels, Function<Path, Optional<CaseGroup>> groups,
            BiConsumer<String, CaseResult> results) {
        this.root = root;
        this.kernels = kernels;
        this.groups = groups;
        this.results = results;
    }

    private static Map.Entry<String, CaseGroup> entry(String name, CaseGroup group) {
        return Map.entry(name, group);
    }

    /// The names of all groups, sorted.
    public static List<String> groups() {
        return GROUPS.keySet().stream().sorted().toList();
    }

    /// The group of this name.
    public static Optional<CaseGroup> find(String name) {
        return Optional.ofNullable(GROUPS.get(name));
    }

    /// Runs all cases of known groups. A group with broken files is a case without a name that fails.
    ///
    /// @param results receives the group and the result of each case as soon as it is known
    /// @throws IOException if the tree cannot be read or holds no folder
    public static Summary run(Path root, Kernels kernels, BiConsumer<String, CaseResult> results) throws IOException {
        return run(root, kernels, folder -> find(folder.getFileName().toString()), results);
    }

    /// The same for other groups.
    ///
    /// @param groups the group of a folder; empty for one that is not known
    public static Summary run(Path root, Kernels kernels, Function<Path, Optional<CaseGroup>> groups,
            BiConsumer<String, CaseResult> results) throws IOException {
        return new CaseTree(root, kernels, groups, results).run();
    }

    private Summary run() throws IOException {
        Path goldens = root.toAbsolutePath().normalize().resolveSibling(GOLDENS);
        List<String> unknownGroups = new ArrayList<>();
        Map<String, List<String>> unknownCases = new LinkedHashMap<>();
        for (Path folder : folders()) {
            String name = folder.getFileName().toString();
            Optional<CaseGroup> group = groups.apply(folder);
            if (group.isEmpty()) {
                unknownGroups.add(name);
                continue;
            }
            try {
                int before = numCases;
                group.get().run(folder, goldens, kernels, result -> accept(name, result));
                List<String> unknown = group.get().unknown(folder);
                if (!unknown.isEmpty()) {
                    unknownCases.put(name, unknown);
                } else if (numCases == before) {
                    throw new CheckpointException(folder, "", "holds no case");
                }
            } catch (IOException e) {
                accept(name, CaseResult.failed("", e.getMessage()));
            }
        }
        return new Summary(numCases, numPassed, unknownGroups, unknownCases);
    }

    private void accept(String group, CaseResult result) {
        numCases++;
        numPassed += result.passes() ? 1 : 0;
        results.accept(group, result);
    }

    private List<Path> folders() throws IOException {
        if (!Files.isDirectory(root)) {
            throw new CheckpointException(root, "", "is not a folder; expected one with a folder for each group of "
                    + "cases, such as optim");
        }
        try (Stream<Path> all = Files.list(root)) {
            List<Path> folders = all.filter(f -> Files.isDirectory(f) && !f.getFileName().toString().startsWith("."))
                    .sorted().toList();
            if (folders.isEmpty()) {
                throw new CheckpointException(root, "", Files.exists(root.resolve(CaseFile.JSON))
                        ? "is one group of cases; give the folder that holds it"
                        : "holds no folder; expected one for each group of cases, such as optim");
            }
            return folders;
        }
    }
}
