package glia.engine;

import glia.engine.state.ContextFullException;
import glia.engine.thinking.ThinkingOptions;
import glia.engine.thinking.ThinkingPlan;
import glia.model.block.Input;
import glia.text.template.ChatMessage;
import glia.text.template.ChatTemplate;
import glia.text.template.RenderOptions;
import glia.text.template.TemplateException;
import glia.text.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A conversation with a model. The model's chat template renders all messages for each answer; only tokens that the KV
/// cache does not hold are computed. For one thread.
///
/// The thinking of a model is no part of its answer: it is the message's [ChatMessage#reasoning], which most templates
/// leave out of later prompts. The options' [ThinkingOptions] set the effort and limits.
///
/// A prompt that leaves an answer less than an eighth of the context, or than the most tokens it may have, loses its
/// oldest exchanges: as many as fill more than half of the context. The system prompt stays.
///
/// If a call throws, the conversation is as before.
public final class Chat implements AutoCloseable {
    /// Part of the context that is left to an answer.
    private static final int ROOM_SHARE = 8;

    private final LanguageModel model;
    private final Generator generator;
    private List<ChatMessage> messages = new ArrayList<>();
    private RenderOptions render;
    private GenerationOptions options;
    private ConversationTokens tokens = ConversationTokens.EMPTY;

    Chat(LanguageModel model, Generator generator) {
        this.model = model;
        this.generator = generator;
        this.options = model.options();
        this.render = model.renderOptions();
    }

    /// Sets the system prompt and removes all other messages.
    public Chat system(String text) {
        messages.clear();
        messages.add(ChatMessage.system(text));
        return this;
    }

    /// Sets the options of later answers, which replace the model's own.
    public Chat options(GenerationOptions other) {
        options = other;
        return this;
    }

    /// The options of the next answer.
    public GenerationOptions options() {
        return options;
    }

    /// Sets a variable of the model's template for later answers, such as `enable_thinking`.
    public Chat variable(String name, Object value) {
        render = render.with(name, value);
        return this;
    }

    /// The messages, oldest first.
    public List<ChatMessage> messages() {
        return List.copyOf(messages);
    }

    /// Replaces all messages, the system prompt too, by those of another conversation, such as one of [ChatFile].
    ///
    /// @throws IllegalArgumentException if a message holds anything but text and pictures
    public Chat restore(List<ChatMessage> conversation) {
        conversation.forEach(ChatMessage::requirePictures);
        messages = new ArrayList<>(conversation);
        return this;
    }

    /// Removes all messages but the system prompt.
    public void clear() {
        messages.removeIf(m -> !isSystem(m));
    }

    /// Removes the last exchange: the last message of the user and all that follow it.
    ///
    /// @return the messages removed, oldest first; none if the user has said nothing
    public List<ChatMessage> undo() {
        int from = lastOfUser();
        if (from < 0) {
            return List.of();
        }
        List<ChatMessage> exchange = messages.subList(from, messages.size());
        List<ChatMessage> removed = List.copyOf(exchange);
        exchange.clear();
        return removed;
    }

    /// Generates another answer to the last message of the user. What follows that message is replaced.
    ///
    /// @throws IllegalStateException if the user has said nothing, or the chat or the model is closed
    /// @throws ContextFullException if the message alone leaves no room for an answer
    /// @throws TemplateException if the model's template refuses the conversation or fails
    public Answer regenerate(TextListener listener) {
        int last = lastOfUser();
        if (last < 0) {
            throw new IllegalStateException("there is no message of the user to answer");
        }
        return answer(new ArrayList<>(messages.subList(0, last + 1)), listener);
    }

    private int lastOfUser() {
        int last = messages.size() - 1;
        while (last >= 0 && !isUser(messages.get(last))) {
            last--;
        }
        return last;
    }

    private static boolean isUser(ChatMessage message) {
        return message.role().equals("user");
    }

    /// Some families call the system prompt `developer`.
    private static boolean isSystem(ChatMessage message) {
        return message.role().equals("system") || message.role().equals("developer");
    }

    /// Answers a message of the user and streams the answer's text.
    ///
    /// @throws ContextFullException if the message alone leaves no room for an answer
    /// @throws TemplateException if the model's template refuses the conversation or fails
    /// @throws IllegalArgumentException if the options limit thinking and the model does not think
    /// @throws ScopeException if the model cannot answer such questions, and the options' grammar lets it not say so
    /// @throws IllegalStateException if the chat or the model is closed
    public Answer stream(String text, TextListener listener) {
        return stream(ChatMessage.user(text), listener);
    }

    /// Answers a message of any role and form.
    ///
    /// @throws IllegalArgumentException if it holds pictures that the model does not read, or other parts
    /// @throws ContextFullException if the message alone leaves no room for an answer
    /// @throws TemplateException if the model's template refuses the conversation or fails
    /// @throws IllegalStateException if the chat or the model is closed
    public Answer stream(ChatMessage message, TextListener listener) {
        List<ChatMessage> asked = new ArrayList<>(messages);
        asked.add(message);
        return answer(asked, listener);
    }

    /// Answers the last of these messages, which then are the conversation's.
    private Answer answer(List<ChatMessage> asked, TextListener listener) {
        Tokenizer tokenizer = model.tokenizer();
        GenerationOptions scoped = ModelScope.applied(model, asked, options);
        ThinkingOptions thinking = model.routed(asked, scoped.thinking());
        Prompt prompt = prompt(asked, thinking);
        int numDropped = 0;
        int room = model.mostTokens() - prompt.input.ids().length;
        if (room < roomWanted()) {
            while (room < model.mostTokens() / 2 && dropOldest(asked)) {
                numDropped++;
                prompt = prompt(asked, thinking);
                room = model.mostTokens() - prompt.input.ids().length;
            }
        }
        if (room <= 0) {
            throw new ContextFullException(prompt.input.ids().length, model.mostTokens());
        }
        if (numDropped > 0) {
            listener.dropped(numDropped, model.mostTokens());
        }
        int most = options.maxTokens() == 0 ? room : Math.min(room, options.maxTokens());
        Optional<ThinkingPlan> plan = model.thinking().plan(prompt.tokens.text(), thinking,
                model.mostTokens(), most);
        Generator.Generated generated = generator.generated(prompt.input, scoped, false, plan, listener);
        Answer answer = generated.answer();
        if (model.template().isPresent()) {
            // With thinking, the text of the answer is not that of all its tokens.
            boolean isPlain = plan.isEmpty() || answer.thought().isEmpty()
                    && tokenizer.decode(generated.tokens(), true).startsWith(answer.text());
            tokens = isPlain ? prompt.tokens.with(generated.tokens(), answer.content(), tokenizer) : prompt.tokens;
        }
        asked.add(new ChatMessage("assistant", answer.text(), List.of(), answer.thought().text(),
                Map.of("content", answer.content())));
        messages = asked;
        tokenizer.prepare();
        return answer;
    }

    /// The tokens that an answer should have room for before anything is dropped.
    private int roomWanted() {
        int share = Math.max(1, model.mostTokens() / ROOM_SHARE);
        return options.maxTokens() == 0 ? share : Math.min(options.maxTokens(), share);
    }

    /// Removes the oldest exchange: all messages but the system prompt before the second message of the user.
    ///
    /// @return false if there is only one
    private static boolean dropOldest(List<ChatMessage> conversation) {
        int from = 0;
        while (from < conversation.size() && isSystem(conversation.get(from))) {
            from++;
        }
        int to = from + 1;
        while (to < conversation.size() && !isUser(conversation.get(to))) {
            to++;
        }
        if (to >= conversation.size()) {
            return false;
        }
        conversation.subList(from, to).removeIf(m -> !isSystem(m));
        return true;
    }

    /// Answers a message of the user.
    ///
    /// @return the answer's text
    /// @throws ContextFullException if the message alone leaves no room for an answer
    /// @throws TemplateException if the model's template refuses the conversation or fails
    /// @throws IllegalStateException if the chat or the model is closed
    public String say(String text) {
        return stream(text, piece -> { }).text();
    }

    /// A prompt.
    ///
    /// @param tokens with one placeholder for each run of a picture's
    /// @param input the same with all of them
    private record Prompt(ConversationTokens tokens, Input input) { }

    /// The prompt of a conversation. Only the template writes markers, and answers hold those that the model
    /// generated as tokens; in other messages their text is plain text. Without a template the texts follow each other,
    /// all of them plain.
    private Prompt prompt(List<ChatMessage> conversation, ThinkingOptions thinking) {
        Optional<ChatTemplate> template = model.template();
        RenderOptions variables = model.thinking().render(render, thinking);
        if (template.isPresent()) {
            ModelPictures.Rendered rendered = model.pictures().render(template.get(), conversation, variables);
            ConversationTokens next = tokens.next(rendered.text(), model.tokenizer());
            return new Prompt(next, model.pictures().input(next.ids(), 0, rendered.rows()));
        }
        if (model.pictures().areRead() && conversation.stream().anyMatch(message -> !message.visuals().isEmpty())) {
            throw new IllegalArgumentException("the model has no chat template, which says where pictures are in a "
                    + "prompt; add chat_template.jinja to its folder");
        }
        conversation.forEach(ChatMessage::requireText);
        StringBuilder texts = new StringBuilder();
        conversation.forEach(message -> texts.append(message.content()));
        ConversationTokens plain = ConversationTokens.of(model.tokenizer().encodePlain(texts.toString(), true));
        return new Prompt(plain, Input.of(plain.ids()));
    }

    /// The number of tokens in the KV cache.
    public int length() {
        return generator.length();
    }

    @Override
    public void close() {
        generator.close();
    }
}
