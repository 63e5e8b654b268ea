package glia.reason.run;

import glia.reason.environment.CalculatorTool;
import glia.reason.environment.Environment;
import glia.reason.environment.EpisodeTurns;
import glia.reason.environment.SandboxTool;
import glia.reason.environment.Tool;
import glia.reason.environment.ToolEnvironment;
import glia.reason.rollout.Rollout;
import glia.reason.rollout.TurnSource;
import glia.reason.task.Problem;
import glia.text.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;

/// Problems with tools in several turns. A turn that ends with a call is answered by its result; rewards see the last
/// turn alone, and an empty text if it has a call.
final class ToolTurns implements TurnFactory {
    /// The tools that recipes name.
    static final List<String> NAMES = List.of("calculator", "python");

    private final ToolEnvironment environment;
    private final PromptEncoder encoder;
    private final Tokenizer tokenizer;

    /// @param names of [#NAMES], each once
    /// @param encoder whose prompts begin with the instructions
    /// @throws IllegalArgumentException if a name is unknown or twice there, its tool cannot run here, or the chat
    ///     template cannot continue
    ToolTurns(List<String> names, int turns, PromptEncoder encoder, Tokenizer tokenizer) {
        List<Tool> tools = new ArrayList<>();
        for (String name : names) {
            tools.add(switch (name) {
                case "calculator" -> new CalculatorTool();
                case "python" -> SandboxTool.python();
                default -> throw new IllegalArgumentException("found the tool " + name + ", expected "
                        + String.join(" or ", NAMES));
            });
        }
        environment = new ToolEnvironment(tools, sample -> OptionalDouble.empty(), turns);
        this.encoder = encoder.withInstructions(environment.instructions());
        this.tokenizer = tokenizer;
        encoder.continuation("");
    }

    /// The encoder of prompts with the instructions of the tools before them.
    PromptEncoder encoder() {
        return encoder;
    }

    @Override
    public TurnSource begin(List<ProblemSource.PromptProblem> problems, int group) {
        List<Environment.Episode> episodes = new ArrayList<>();
        for (ProblemSource.PromptProblem problem : problems) {
            for (int i = 0; i < group; i++) {
                episodes.add(environment.start(new Problem("", problem.text(), problem.fields(), "")));
            }
        }
        return new EpisodeTurns(episodes, this::text, encoder::continuation);
    }

    private String text(int[] ids) {
        return RolloutScoring.text(tokenizer, ids);
    }

    /// What rewards see: the text after the last observation.
    String answer(Rollout rollout) {
        int from = rollout.tokens().length;
        while (from > 0 && rollout.isSampled()[from - 1]) {
            from--;
        }
        String last = text(Arrays.copyOfRange(rollout.tokens(), from, rollout.tokens().length));
        return environment.tools().stream().anyMatch(tool -> last.contains("<" + tool.name() + ">")) ? "" : last;
    }

    /// The number of the model's turns.
    static int turns(Rollout rollout) {
        int turns = 0;
        for (int i = 0; i < rollout.tokens().length; i++) {
            turns += rollout.isSampled()[i] && (i == 0 || !rollout.isSampled()[i - 1]) ? 1 : 0;
        }
        return turns;
    }
}
