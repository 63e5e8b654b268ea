package glia.plan.choose;

import glia.plan.data.Quality.Score;
import java.util.Locale;

/// The checklist of a choice, as Markdown: what is known is ticked, with its source; what is not is left to do.
public final class Checklist {
    private final StringBuilder text = new StringBuilder();

    private Checklist() { }

    /// The checklist of a choice.
    public static String of(Needs needs, Choice c) {
        Checklist list = new Checklist();
        list.text.append("# Checklist: ").append(c.name()).append(c.thinks() ? " with thinking " : " ")
                .append(c.weights()).append(" on ")
                .append(c.allDevices()).append(" × ").append(c.device().name()).append('\n');
        list.part("Evaluation");
        for (String benchmark : needs.benchmarks()) {
            Score score = c.scores().get(benchmark);
            list.item(score != null, score == null ? "No score in " + benchmark + " is published: measure it"
                    : benchmark + " " + score.points() + " (" + score.mode() + ", reported by " + score.reporter()
                    + "; " + score.source() + ")");
        }
        list.item(false, "Your own questions with known answers, at least 100, run with `glia eval`");
        list.item(false, "The same with the weights in " + c.weights() + ": published scores are of 16 bits");
        list.part("Safety");
        list.item(false, "Refusals, prompt injection and leaks of personal data, tried with prompts of your use");
        list.item(false, "What a wrong answer costs, and who sees it before it counts");
        list.part("Latency");
        list.item(true, "Predicted first token (p95) " + number(c.firstToken()) + " s of at most "
                + number(needs.firstToken()) + " s, between tokens " + number(1e3 * c.betweenTokens())
                + " ms of at most " + number(1e3 * needs.betweenTokens()) + " ms; limited by " + c.bound());
        list.item(false, "Measured under your own load: " + number(needs.rate()) + " requests/s of "
                + number(needs.prompt()) + " + " + number(needs.traffic().output()) + " tokens, with `glia load`");
        list.part("Cost");
        list.item(true, number(c.month()) + " USD a month, " + number(c.millionTokens()) + " USD a million tokens, at "
                + number(c.price().dollars()) + " USD an hour and device (" + c.price().source() + ", "
                + (c.price().date().isEmpty() ? "no date" : c.price().date()) + ")");
        list.item(c.energy() > 0, "Energy: " + number(c.energy()) + " J an output token at the highest power");
        list.item(false, "Storage, traffic, people, and twice the load");
        list.part("Data");
        list.item(false, "Where prompts and answers are stored, how long, and who may read them");
        list.item(false, "Which data the model was trained on, and whether your test questions were part of it");
        list.part("Licence");
        list.item(!c.licence().name().equals("unknown"), "Weights: " + c.licence().name() + ", which allows "
                + switch (c.licence().allows()) {
                    case ANY -> "some uses only: read its conditions";
                    case COMMERCIAL -> "commercial use under conditions: read them";
                    case OPEN -> "any use";
                });
        list.part("Exit");
        list.item(true, "The weights are files that other engines read; `glia serve` has the API of other servers");
        list.item(false, "A second model that passes the same evaluation, and the date of the next comparison");
        return list.text.toString();
    }

    private void part(String name) {
        text.append("\n## ").append(name).append('\n');
    }

    private void item(boolean isKnown, String what) {
        text.append(isKnown ? "- [x] " : "- [ ] ").append(what).append('\n');
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, value >= 100 ? "%.0f" : "%.3g", value);
    }
}
