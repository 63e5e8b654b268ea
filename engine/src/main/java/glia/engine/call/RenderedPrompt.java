package glia.engine.call;

import glia.engine.GenerationOptions;
import glia.engine.LanguageModel;
import glia.engine.ModelPictures;
import glia.engine.state.ContextFullException;
import glia.engine.thinking.ThinkingOptions;
import glia.engine.thinking.ThinkingPlan;
import glia.jinja.value.TextBuilder;
import glia.jinja.value.TrustedText;
import glia.model.block.Input;
import glia.text.template.ChatMessage;
import glia.text.template.ChatTemplate;
import glia.text.template.RenderOptions;
import glia.text.template.TemplateException;
import glia.text.thinking.Effort;
import glia.text.thinking.PromptState;
import glia.text.thinking.ThinkingFormat;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/// The tokens of a prompt and how the model thinks after it.
///
/// @param input the tokens, with the pictures
/// @param text the rendered text; empty for prompts of tokens
/// @param plan the thinking; empty for models that do not think and for prompts without a template
/// @param mostTokens the most tokens of an answer
public record RenderedPrompt(Input input, TrustedText text, Optional<ThinkingPlan> plan, int mostTokens) {
    /// Variables of templates that have fields of their own, or that no request may change.
    private static final Set<String> OWN = Set.of("messages", "tools", "bos_token", "eos_token", "unk_token",
            "pad_token", "chat_template", "tokenize");

    /// Roles of messages that say how the model is to answer.
    private static final Set<String> INSTRUCTING = Set.of("system", "developer");

    /// The tokens.
    public int[] ids() {
        return input.ids();
    }

    /// Renders and tokenizes a prompt.
    ///
    /// @throws CallException if the prompt does not suit the model
    /// @throws ContextFullException if it leaves no room for an answer
    /// @throws TemplateException if the template refuses the conversation
    public static RenderedPrompt of(LanguageModel model, Prompt prompt, GenerationOptions options) {
        return HeavyWork.run(prompt.size(), () -> tokenized(model, prompt, options));
    }

    private static RenderedPrompt tokenized(LanguageModel model, Prompt prompt, GenerationOptions options) {
        return switch (prompt) {
            case Prompt.Tokens tokens -> plain(model, tokens.ids(), TrustedText.of(""), options);
            case Prompt.Text text -> {
                requireRoom(model, text.text());
                yield plain(model, model.tokenizer().encode(text.text(), true), TrustedText.of(text.text()), options);
            }
            case Prompt.Conversation conversation -> of(model, new int[0], conversation, options);
            case Prompt.Continued continued -> of(model, continued.before(), continued.next(), options);
        };
    }

    private static RenderedPrompt plain(LanguageModel model, int[] ids, TrustedText text, GenerationOptions options) {
        return new RenderedPrompt(Input.of(ids), text, Optional.empty(), room(model, ids.length, options));
    }

    /// The number of tokens of a conversation, which may be more than the context has.
    ///
    /// @throws CallException if the model has no chat template
    public static int count(LanguageModel model, Prompt.Conversation conversation, ThinkingOptions thinking) {
        return HeavyWork.run(conversation.size(), () -> {
            ModelPictures.Rendered begun = begun(model, conversation, thinking, true);
            return model.pictures().input(model.tokenizer().encode(continued(conversation, begun.text()), false), 0,
                    begun.rows()).ids().length;
        });
    }

    /// The text of a conversation.
    ///
    /// @throws CallException if the model has no chat template
    public static TrustedText text(LanguageModel model, Prompt.Conversation conversation, ThinkingOptions thinking) {
        return continued(conversation, begun(model, conversation, thinking, true).text());
    }

    /// The messages with the model's own system prompt, unless they have one.
    private static List<ChatMessage> withSystem(LanguageModel model, List<ChatMessage> messages) {
        if (model.system().isEmpty() || messages.stream().anyMatch(message -> INSTRUCTING.contains(message.role()))) {
            return messages;
        }
        List<ChatMessage> all = new ArrayList<>(List.of(ChatMessage.system(model.system().get())));
        all.addAll(messages);
        return all;
    }

    /// The text before what the model writes, or before the part of its answer that it continues.
    ///
    /// @param begins whether the conversation begins here, not in an earlier prompt
    private static ModelPictures.Rendered begun(LanguageModel model, Prompt.Conversation conversation,
            ThinkingOptions thinking, boolean begins) {
        ChatTemplate template = model.template().orElseThrow(() -> new CallException("messages",
                "the model has no chat template, so it takes no conversation; use a completion, or another model"));
        RenderOptions render = model.thinking().render(model.renderOptions(), thinking).withTools(conversation.tools());
        for (Map.Entry<String, Object> variable : conversation.variables().entrySet()) {
            if (OWN.contains(variable.getKey())) {
                throw new CallException("chat_template_kwargs." + variable.getKey(), "the server sets this "
                        + "variable itself; leave it out");
            }
            render = render.with(variable.getKey(), variable.getValue());
        }
        List<ChatMessage> messages = begins ? withSystem(model, conversation.messages()) : conversation.messages();
        if (!conversation.tools().isEmpty() || messages.stream().anyMatch(RenderedPrompt::usesTools)) {
            messages = model.tools().orElseThrow().adapted(messages, conversation.tools());
        }
        if (!conversation.continues()) {
            return pictures(model, template, messages, render);
        }
        ModelPictures.Rendered before = pictures(model, template, messages.subList(0, messages.size() - 1), render);
        ChatMessage last = messages.getLast();
        return last.reasoning().isEmpty() ? before
                : new ModelPictures.Rendered(thinking(model, before.text(), last), before.rows());
    }

    private static ModelPictures.Rendered pictures(LanguageModel model, ChatTemplate template,
            List<ChatMessage> messages, RenderOptions render) {
        try {
            return model.pictures().render(template, messages, render);
        } catch (IllegalArgumentException e) {
            throw e instanceof CallException ? e : new CallException("messages", e.getMessage());
        }
    }

    private static boolean continuesThought(Prompt.Conversation conversation) {
        return conversation.continues() && !conversation.messages().getLast().reasoning().isEmpty();
    }

    /// Opens the thinking of an answer, and closes it where its text has begun.
    private static TrustedText thinking(LanguageModel model, TrustedText before, ChatMessage last) {
        ThinkingFormat format = model.thinking().format().orElseThrow(() -> new CallException("messages",
                "the last message has thinking, and the model does not think; leave its reasoning_content out"));
        TextBuilder text = new TextBuilder().append(before);
        if (format.state(before) != PromptState.OPEN) {
            text.trusted(format.start());
        }
        return last.content().isEmpty() ? text.whole()
                : text.append(last.reasoning()).trusted(format.end() + format.answer()).whole();
    }

    /// A text with the part of an answer that the model continues.
    private static TrustedText continued(Prompt.Conversation conversation, TrustedText begun) {
        if (!conversation.continues()) {
            return begun;
        }
        ChatMessage last = conversation.messages().getLast();
        return new TextBuilder().append(begun)
                .append(last.content().isEmpty() ? last.reasoning() : last.content()).whole();
    }

    private static boolean usesTools(ChatMessage message) {
        return !message.toolCalls().isEmpty() || message.role().equals("tool");
    }

    private static RenderedPrompt of(LanguageModel model, int[] before, Prompt.Conversation conversation,
            GenerationOptions options) {
        ThinkingOptions thinking = options.thinking();
        if (thinking.effort().isPresent() && thinking.effort().get() == Effort.AUTO) {
            thinking = model.routed(conversation.messages(), thinking);
        }
        ModelPictures.Rendered rendered = begun(model, conversation, thinking, before.length == 0);
        TrustedText begun = rendered.text();
        TrustedText text = continued(conversation, begun);
        requireRoom(model, text.toString());
        int[] ids = joined(before, model.tokenizer().encode(text, false), model.tokenizer().bos());
        Input input = model.pictures().input(ids, before.length, rendered.rows());
        int most = room(model, input.ids().length, options);
        return new RenderedPrompt(input, text, model.thinking().plan(
                continuesThought(conversation) ? begun : text, thinking, model.mostTokens(), most), most);
    }

    /// @param bos the token that begins the first of the texts alone
    private static int[] joined(int[] before, int[] next, OptionalInt bos) {
        boolean begins = before.length > 0 && next.length > 0 && bos.isPresent() && next[0] == bos.getAsInt();
        int from = begins ? 1 : 0;
        int[] all = Arrays.copyOf(before, before.length + next.length - from);
        System.arraycopy(next, from, all, before.length, next.length - from);
        return all;
    }

    /// @throws ContextFullException if a text is much longer than the context, so that encoding it would be in vain
    public static void requireRoom(LanguageModel model, String text) {
        if (model.tokenizer().beginning(text, model.mostTokens()).length() < text.length()) {
            throw new ContextFullException(model.mostTokens());
        }
    }

    private static int room(LanguageModel model, int length, GenerationOptions options) {
        int room = model.mostTokens() - length;
        if (room <= 0) {
            throw new ContextFullException(length, model.mostTokens());
        }
        int most = options.maxTokens() == 0 ? model.options().maxTokens() : options.maxTokens();
        return most == 0 ? room : Math.min(room, most);
    }
}
