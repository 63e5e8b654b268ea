package glia.io.picture;

/// A picture that cannot be read or used; the message says which, what was found and what was expected.
public final class PictureException extends IllegalArgumentException {
    private static final long serialVersionUID = 1;

    public PictureException(String picture, String problem) {
        super(picture + ": " + problem);
    }

    PictureException(String picture, String problem, Throwable cause) {
        super(picture + ": " + problem, cause);
    }
}
