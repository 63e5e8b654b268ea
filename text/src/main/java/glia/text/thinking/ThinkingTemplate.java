package glia.text.thinking;

import glia.jinja.value.TrustedText;
import glia.text.template.ChatMessage;
import glia.text.template.ChatTemplate;
import glia.text.template.RenderOptions;
import glia.text.template.TemplateException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// How a chat template switches thinking: found by rendering a short conversation with each known variable, so it holds
/// for templates of other models too.
///
/// @param format the markers
/// @param flag the variable that switches thinking on and off, such as `enable_thinking`; empty if there is none
/// @param levelVariable the variable of the effort, such as `reasoning_effort`; empty if there is none
/// @param levels the values of that variable, least effort first
/// @param forcedEnd the text that ends thinking where a budget is used up, as the template itself writes it: the end
///     marker with what stands between thinking and answer, such as `\n</think>\n\n`
public record ThinkingTemplate(ThinkingFormat format, Optional<String> flag, Optional<String> levelVariable,
        List<String> levels, String forcedEnd) {
    /// Variables that switch thinking on and off, in the order in which they are tried.
    static final List<String> FLAGS = List.of("enable_thinking", "thinking", "reasoning");
    /// Variables of effort levels.
    static final List<String> LEVEL_VARIABLES = List.of("reasoning_effort", "thinking_effort");
    private static final List<ChatMessage> QUESTION = List.of(ChatMessage.user("2+2?"));
    private static final String THOUGHT = "first thought";
    private static final String ANSWER = "then answer";
    /// The names of levels from least to most effort. Only those in quotes in the template are used besides the three
    /// usual ones.
    private static final List<String> LEVELS = List.of("none", "minimal", "low", "medium", "high");

    public ThinkingTemplate {
        levels = List.copyOf(levels);
    }

    /// Examines a template.
    ///
    /// @param options variables that the template needs, such as `bos_token`
    /// @return empty if the template has no markers of thinking
    public static Optional<ThinkingTemplate> of(ChatTemplate template, RenderOptions options) {
        return ThinkingFormat.of(template.source()).map(format -> examined(format, template, options));
    }

    private static ThinkingTemplate examined(ThinkingFormat format, ChatTemplate template, RenderOptions options) {
        Optional<String> flag = FLAGS.stream().filter(template.source()::contains)
                .filter(name -> differ(template, options, name, false, true)).findFirst();
        Optional<String> variable = LEVEL_VARIABLES.stream().filter(template.source()::contains)
                .filter(name -> differ(template, options, name, "low", "high")
                        || differ(template, options, name, "none", "high")).findFirst();
        List<String> levels = variable.isEmpty() ? List.of() : LEVELS.stream()
                .filter(level -> isUsual(level) || template.source().contains("'" + level + "'")
                        || template.source().contains('"' + level + '"'))
                .filter(level -> rendered(template, QUESTION, options.with(variable.get(), level)).isPresent())
                .toList();
        ThinkingTemplate found = new ThinkingTemplate(format, flag, levels.isEmpty() ? Optional.empty() : variable,
                levels, "");
        return new ThinkingTemplate(format, flag, found.levelVariable, levels,
                found.endInHistory(template, options).or(() -> found.endInPrompt(template, options))
                        .orElse(format instanceof ThinkingFormat.Tags ? "\n" + format.end() + "\n\n"
                                : format.end() + format.answer()));
    }

    private static boolean isUsual(String level) {
        return LEVELS.indexOf(level) >= LEVELS.indexOf("low");
    }

    private static boolean differ(ChatTemplate template, RenderOptions options, String name, Object a, Object b) {
        Optional<TrustedText> one = rendered(template, QUESTION, options.with(name, a));
        Optional<TrustedText> other = rendered(template, QUESTION, options.with(name, b));
        return one.isPresent() && other.isPresent() && !one.get().toString().equals(other.get().toString());
    }

    /// @return empty if the template refuses
    private static Optional<TrustedText> rendered(ChatTemplate template, List<ChatMessage> messages,
            RenderOptions options) {
        try {
            return Optional.of(template.renderTrusted(messages, options));
        } catch (TemplateException e) {
            return Optional.empty();
        }
    }

    /// What the template writes between the thinking and the answer of a finished conversation.
    private Optional<String> endInHistory(ChatTemplate template, RenderOptions options) {
        ChatMessage answered = new ChatMessage("assistant", ANSWER, List.of(), THOUGHT, Map.of());
        RenderOptions finished = new RenderOptions(false, options.tools(), options.variables());
        Optional<TrustedText> text = rendered(template, List.of(QUESTION.getFirst(), answered), finished);
        if (text.isEmpty()) {
            return Optional.empty();
        }
        String all = text.get().toString();
        int thought = all.indexOf(THOUGHT);
        int answer = all.indexOf(ANSWER);
        // Some templates write an empty block in place of earlier thinking.
        int from = thought >= 0 ? thought + THOUGHT.length() : all.lastIndexOf(format.end(), Math.max(0, answer));
        if (from < 0 || answer < from) {
            return Optional.empty();
        }
        String between = all.substring(from, answer);
        boolean isEnd = thought >= 0 ? between.contains(format.end())
                : between.substring(format.end().length()).isBlank();
        return isEnd ? Optional.of(between) : Optional.empty();
    }

    /// The end of the empty block of thinking in a prompt without thinking.
    private Optional<String> endInPrompt(ChatTemplate template, RenderOptions options) {
        Optional<TrustedText> prompt = rendered(template, QUESTION, with(options, Effort.INSTANT));
        if (prompt.isEmpty() || format.state(prompt.get()) != PromptState.CLOSED
                || format instanceof ThinkingFormat.Channels) {
            return Optional.empty();
        }
        String text = prompt.get().toString();
        String end = text.substring(text.lastIndexOf(format.end()));
        String before = text.substring(0, text.length() - end.length());
        return Optional.of((before.endsWith("\n") ? "\n" : "") + end);
    }

    /// Whether the template itself has a switch or levels; without, only budgets limit the thinking.
    public boolean hasSwitch() {
        return flag.isPresent() || levelVariable.isPresent();
    }

    /// The template's variables for an effort.
    ///
    /// @throws IllegalArgumentException for [Effort#AUTO], which a router replaces by another one
    public Map<String, Object> variables(Effort effort) {
        if (effort == Effort.AUTO) {
            throw new IllegalArgumentException("effort auto: found no router's choice, expected one of the others");
        }
        Map<String, Object> variables = new LinkedHashMap<>();
        flag.ifPresent(name -> variables.put(name, effort != Effort.INSTANT));
        levelVariable.ifPresent(name -> variables.put(name, level(effort)));
        return variables;
    }

    /// The level of an effort, or the next higher one that the template has.
    private String level(Effort effort) {
        if (effort == Effort.INSTANT) {
            return levels.getFirst();
        }
        int wanted = LEVELS.indexOf(effort.word());
        return levels.stream().filter(level -> LEVELS.indexOf(level) >= wanted).findFirst().orElse(levels.getLast());
    }

    /// The options of a prompt with an effort.
    ///
    /// @throws IllegalArgumentException for [Effort#AUTO]
    public RenderOptions with(RenderOptions options, Effort effort) {
        RenderOptions changed = options;
        for (Map.Entry<String, Object> variable : variables(effort).entrySet()) {
            changed = changed.with(variable.getKey(), variable.getValue());
        }
        return changed;
    }
}
