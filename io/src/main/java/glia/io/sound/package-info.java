/// Sound files, resampling and spectrograms.
package glia.io.sound;
