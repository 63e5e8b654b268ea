package glia.reason.environment;

import glia.reason.environment.Environment.Step;
import glia.reason.reward.ContainedReward;
import glia.reason.reward.Reward;
import glia.reason.task.Problem;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/// Problems with tools. A turn that ends with a call, such as `<calculator>3*7</calculator>`, is answered by
/// `<result>21</result>`. A turn without a call is the final answer, which the verifier scores.
///
/// The reward is 0 if the last turn has a call, too. Malformed calls are answered by an error and take a turn.
///
/// @param tools with different names
/// @param verifier scores the text of the last turn; one that throws or hangs is [contained][ContainedReward] and
///     scores 0
/// @param maxTurns most turns of the model
public record ToolEnvironment(List<Tool> tools, Reward verifier, int maxTurns) implements Environment {
    private static final int MAX_RESULT = 1_000;

    /// @throws IllegalArgumentException if two tools have one name, a name is not of lower-case letters or a tag of
    ///     thoughts or answers, or no turn is allowed
    public ToolEnvironment {
        tools = List.copyOf(tools);
        verifier = verifier instanceof ContainedReward ? verifier : new ContainedReward(verifier);
        if (tools.stream().map(Tool::name).distinct().count() < tools.size()) {
            throw new IllegalArgumentException("two tools have the same name: "
                    + tools.stream().map(Tool::name).toList());
        }
        for (Tool tool : tools) {
            if (!tool.name().matches("[a-z]{1,30}") || List.of("think", "answer", "result").contains(tool.name())) {
                throw new IllegalArgumentException("'" + tool.name() + "' cannot be the name of a tool; expected "
                        + "lower-case letters, and none of think, answer, result");
            }
        }
        if (maxTurns < 1) {
            throw new IllegalArgumentException("found " + maxTurns + " turns, expected 1 at least");
        }
    }

    @Override
    public Episode start(Problem problem) {
        return new ToolEpisode(problem);
    }

    /// What prompts begin with: how to call each tool, in lines.
    public String instructions() {
        StringBuilder text = new StringBuilder();
        for (Tool tool : tools) {
            text.append('<').append(tool.name()).append(">…</").append(tool.name()).append("> at the end of a turn ")
                    .append(tool.usage()).append('\n');
        }
        return text.toString();
    }

    private final class ToolEpisode implements Episode {
        private final Problem problem;
        private int turns;
        private boolean isOver;

        ToolEpisode(Problem problem) {
            this.problem = problem;
        }

        @Override
        public String prompt() {
            return instructions() + problem.prompt();
        }

        @Override
        public Step step(String text) {
            if (isOver) {
                throw new IllegalStateException("the episode of " + problem.id() + " is over");
            }
            turns++;
            List<String> results = call(text);
            if (results.isEmpty()) {
                isOver = true;
                return new Step.End(verifier.score(problem.sample(text, 0, true)).orElse(0), Step.Reason.ANSWER);
            }
            if (turns == maxTurns) {
                isOver = true;
                return new Step.End(0, Step.Reason.TURNS);
            }
            return new Step.Observation("<result>" + shown(results.getFirst()) + "</result>");
        }

        /// The result of the call in a turn, or an error; empty if there is no call.
        private List<String> call(String text) {
            List<String> results = new ArrayList<>();
            for (Tool tool : tools) {
                String open = "<" + tool.name() + ">";
                String close = "</" + tool.name() + ">";
                int start = text.indexOf(open);
                if (start < 0) {
                    continue;
                }
                int end = text.indexOf(close, start);
                if (end < 0 || !text.substring(end + close.length()).isBlank()
                        || text.indexOf(open, start + open.length()) >= 0 || !results.isEmpty()) {
                    return List.of("error: expected one call at the end of the turn: " + open + "…" + close);
                }
                results.add(text.substring(start + open.length(), end));
            }
            if (results.isEmpty()) {
                return results;
            }
            Tool called = tools.stream().filter(tool -> text.contains("<" + tool.name() + ">")).findFirst()
                    .orElseThrow();
            return List.of(result(called, results.getFirst()));
        }

        /// A tool that fails, against its contract, is answered like one that reports an error.
        private static String result(Tool tool, String input) {
            try {
                return Objects.requireNonNullElse(tool.run(input), "error: " + tool.name() + " gave no result");
            } catch (RuntimeException | StackOverflowError e) {
                return "error: " + tool.name() + " failed: " + e.getClass().getSimpleName();
            }
        }

        /// A result without tags, of at most 1,000 characters.
        private static String shown(String result) {
            String strip = result.strip().replace('<', '(').replace('>', ')');
            return strip.length() <= MAX_RESULT ? strip : strip.substring(0, MAX_RESULT) + "…";
        }
    }
}
