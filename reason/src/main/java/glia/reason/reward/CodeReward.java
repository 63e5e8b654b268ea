package glia.reason.reward;

import glia.reason.reward.Answers.Extract;
import glia.reason.reward.RewardOptions.RewardOption;
import glia.reason.sandbox.Sandbox;
import glia.reason.sandbox.SandboxLimits;
import glia.reason.sandbox.SandboxResult;
import glia.reason.sandbox.SandboxUnavailableException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Runs the program of a completion in a [Sandbox] and checks what it does.
///
/// The program is the last fenced block of code, or the whole answer without one. A sample's field `tests` is either a
/// list of mappings with `input` and `output`, which are compared with standard output but for trailing white space, or
/// Python code, such as assertions ([AssertionTests]).
final class CodeReward implements Reward {
    private static final Pattern BLOCK = Pattern.compile(
            "```[^`\\n]*+\\n(.*?)(?:(?<=\\n)[ \\t]*+```|```(?=\\h*+(?:\\v|$)))", Pattern.DOTALL);
    private static final int MAX_PROGRAM = 100_000;
    private static final int MAX_TESTS = 100;
    private static final int MAX_SECONDS = 3_600;

    private final Answers answers;
    private final Sandbox sandbox;
    private final List<String> command;
    private final String tests;
    private final boolean partial;
    private final Duration timeLimit;

    CodeReward(RewardOptions options) {
        answers = new Answers(options, Extract.ALL);
        command = options.words("command", List.of("python3"));
        if (command.isEmpty()) {
            throw options.error("command", command, "a program that runs a file, such as python3");
        }
        tests = options.text("tests", "tests");
        partial = options.flag("partial", false);
        double seconds = options.number("seconds", 5, 0.1);
        if (seconds > MAX_SECONDS) {
            throw options.error("seconds", options.value("seconds").orElseThrow(), "a number of at most "
                    + MAX_SECONDS);
        }
        SandboxLimits limits = SandboxLimits.STANDARD.withTime(Duration.ofMillis((long) (1000 * seconds)))
                .withMemory((long) options.integer("megabytes", 512, 16) << 20);
        timeLimit = limits.wall().plus(Sandbox.OVERHEAD).multipliedBy(MAX_TESTS);
        try {
            sandbox = new Sandbox(limits, options.flag("allow_unisolated", false));
        } catch (SandboxUnavailableException e) {
            throw new IllegalArgumentException("reward code: " + e.getMessage()
                    + "; the option allow_unisolated=true runs programs without isolation", e);
        }
        if (!sandbox.has(command.getFirst())) {
            throw options.error("command", command.getFirst(), "a program that sandboxes have, such as python3 or "
                    + "/bin/sh; others are not there");
        }
    }

    static NamedReward named() {
        return new NamedReward("code", "1 if the completion's program passes the tests, else 0", AnswerRewards.with(
                new RewardOption("command", "python3", "program with arguments that runs a file"),
                new RewardOption("tests", "tests", "field with the tests: code (Python only), or a list of mappings "
                        + "with input and output"),
                new RewardOption("partial", "false", "true: the share of passed tests"),
                new RewardOption("seconds", "5", "time limit of a test, in seconds"),
                new RewardOption("megabytes", "512", "memory limit of a process, in MB"),
                new RewardOption("allow_unisolated", "false", "run programs even where the machine cannot isolate "
                        + "them")), CodeReward::new);
    }

    @Override
    public OptionalDouble score(Sample sample) {
        Object expected = Answers.field(sample, tests, "tests");
        Optional<String> program = answers.answer(sample).map(CodeReward::program)
                .filter(text -> !text.isBlank() && text.length() <= MAX_PROGRAM);
        try {
            if (expected instanceof String code) {
                return AnswerRewards.of(program.isPresent() && AssertionTests.pass(sandbox, command,
                        program.get(), code));
            }
            return OptionalDouble.of(program.isEmpty() ? 0 : share(program.get(), cases(expected)));
        } catch (IOException e) {
            throw new IllegalStateException("the program cannot be run: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while a program ran", e);
        }
    }

    /// That of all tests together: a program that hangs fails a test, and the reward still has a score.
    @Override
    public Duration timeLimit() {
        return timeLimit;
    }

    private static String program(String text) {
        Matcher blocks = BLOCK.matcher(new FormatRewards.BoundedText(text));
        String last = text.contains("```") ? "" : text;
        while (blocks.find()) {
            last = blocks.group(1);
        }
        return last;
    }

    private double share(String program, List<Map<?, ?>> cases) throws IOException, InterruptedException {
        int passed = 0;
        for (Map<?, ?> one : cases) {
            SandboxResult result = sandbox.run(withFile("main"), Map.of("main", program),
                    String.valueOf(one.get("input")));
            boolean right = result.succeeded() && lines(result.output()).equals(lines(String.valueOf(
                    one.get("output"))));
            if (!right && !partial) {
                return 0;
            }
            passed += right ? 1 : 0;
        }
        return (double) passed / cases.size();
    }

    private List<String> withFile(String file) {
        List<String> all = new ArrayList<>(command);
        all.add(file);
        return all;
    }

    private static List<String> lines(String text) {
        return text.stripTrailing().lines().map(String::stripTrailing).toList();
    }

    private static List<Map<?, ?>> cases(Object tests) {
        if (!(tests instanceof List<?> list) || list.isEmpty() || list.size() > MAX_TESTS
                || !list.stream().allMatch(one -> one instanceof Map<?, ?> m && m.containsKey("input")
                && m.containsKey("output"))) {
            throw new IllegalArgumentException("the sample's tests are " + RewardOptions.shown(tests)
                    + ", expected code or a list of 1 to " + MAX_TESTS + " mappings with input and output");
        }
        List<Map<?, ?>> cases = new ArrayList<>();
        list.forEach(one -> cases.add((Map<?, ?>) one));
        return cases;
    }
}
