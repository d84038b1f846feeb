// Convolution as matrix products whose right-hand side, the matrix of windows, is never made. A block of the image is copied with
// its padding, into planes in which every element of the kernel meets all positions as one run of memory, each at a shift of its own:
//
//   copy[c, phase, y, x] = image[c, origin + y stride + phase, the same across], 0 outside
//   position p = i wide + j, for row i and column j of the outputs and rows of the copy that are `wide` elements
//   element k of the kernel meets copy[shift(k) + p]
//
// A stride takes rows and columns apart into that many phases. The last positions of each row belong to no output: what is
// computed there is dropped, or multiplied by 0.
#pragma once
#include <harker/core/backend/cpu/kernels/gemv.h>

namespace harker::HARKER_ISA {

/// One direction of a correlation: output i meets through tap j what lies at i * stride + origin + shift(j) of the image.
struct Axis {
  Index positions, size;  // of the output and of the image
  Index stride, origin;
  Index taps, first, step;              // tap j is element first + j * step of the kernel
  Index shift, shift_step;              // shift(j) = shift + j * shift_step, never negative
  Index out_first, out_step, out_size;  // output i lies at out_first + i * out_step
  Index reach() const { return taps == 0 ? 0 : larger(shift, shift + (taps - 1) * shift_step); }
  Index more() const { return reach() / stride; }  // positions of the copy beyond the outputs
  Index phases() const { return smaller(stride, reach() + 1); }
};

/// out[o, i, j] = start + sum over channels c and taps of weight[o, c, tap] image[c, seen through the tap].
struct Correlation {
  Axis axis[2];
  Index outputs, channels;
  Index output_step, channel_step, kernel_width;  // of the weight
  Index area() const { return axis[0].taps * axis[1].taps; }
  Index image_plane() const { return axis[0].size * axis[1].size; }
  Index out_plane() const { return axis[0].out_size * axis[1].out_size; }
};

/// A place in the weight, and its shift in the copy, both from the first channel of those that are copied.
struct Element {
  Index weight, shift;
};
/// So many are taken at a time: what they meet at a tile's positions fits the first-level cache.
inline constexpr Index kElements = 288;

/// How outputs are cut into blocks, and channels into those of one copy.
template <class T>
struct Layout {
  Index rows, columns, channels;  // of a block
  Index wide, phase, plane;       // elements of a row of the copy, of one phase and of all of a channel, with a gap
  Index down, across;             // blocks
  bool fits;

  /// Of at most `capacity` elements, beside which `beside` planes of outputs have room; about `positions` in a block.
  [[gnu::noinline]] Layout(const Correlation& g, Index capacity, Index beside, Index positions) {
    const Axis &y = g.axis[0], &x = g.axis[1];
    columns = pieces(x.positions, y.positions > 1 ? positions / 2 : positions);
    rows = pieces(y.positions, larger(1, positions / columns));
    channels = pieces(g.channels, larger(1, kElements / larger(1, g.area())));
    for (fits = true;;) {
      measure(g);
      if (channels * plane + beside * (rows * wide + kWidth<T>)+3 * kWidth<T> <= capacity) break;
      if (rows > 1 && rows * columns > 256)
        rows = (rows + 1) / 2;
      else if (columns > 256)
        columns = (columns + 1) / 2;
      else if (channels > 1)
        channels = (channels + 1) / 2;
      else if (rows > 1)
        rows = (rows + 1) / 2;
      else if (columns > 1)
        columns = (columns + 1) / 2;
      else {
        fits = false;
        break;
      }
    }
    down = (y.positions + rows - 1) / rows;
    across = (x.positions + columns - 1) / columns;
  }
  Index blocks() const { return down * across; }

 private:
  /// The size of the even pieces of n, each at most `most`.
  static Index pieces(Index n, Index most) {
    const Index count = larger(1, (n + most - 1) / most);
    return larger(1, (n + count - 1) / count);
  }
  void measure(const Correlation& g) {
    constexpr Index kLine = 64 / static_cast<Index>(sizeof(T));
    const Axis &y = g.axis[0], &x = g.axis[1];
    wide = columns + x.more();
    plane = Index{1} << 40;  // padding and dilation may reach further than can be counted
    if (static_cast<double>(wide) * static_cast<double>(rows + y.more()) *
            static_cast<double>(y.phases() * x.phases()) >
        static_cast<double>(plane))
      return;
    phase = wide * (rows + y.more());
    // An odd number of cache lines: planes a power of two apart would push each other out of the cache.
    plane = ((phase * y.phases() * x.phases() + kWidth<T>) / kLine | 1) * kLine;
    if (plane < phase * y.phases() * x.phases() + kWidth<T>) plane += 2 * kLine;
  }
};

/// The part of the outputs that one block is.
struct Part {
  Index i, j, rows, columns;
  template <class T>
  Part(const Correlation& g, const Layout<T>& l, Index block) {
    i = block / l.across * l.rows;
    j = block % l.across * l.columns;
    rows = smaller(l.rows, g.axis[0].positions - i);
    columns = smaller(l.columns, g.axis[1].positions - j);
  }
};

template <class T>
inline void clear(Index n, T* p) {
  for (Index i = 0; i < n; ++i) p[i] = 0;
}

/// to[0 .. n) = from[0], from[step], ..., of which `there` elements may be read.
template <class T>
inline void copy_every(Index n, const T* from, Index there, Index step, T* to) {
  constexpr Index kW = kWidth<T>;
  Index i = 0;
  if (step == 1 && n >= kW) {
    for (; i + kW <= n; i += kW) store<T>(to + i, load(from + i));
    return store<T>(to + n - kW, load(from + n - kW));
  }
  if (step == 2)
    for (; (i + kW) * 2 <= there; i += kW) store<T>(to + i, load_every<2>(from + 2 * i));
  for (; i < n; ++i) to[i] = from[i * step];
}

/// The copy of `count` planes.
template <class T>
void copy_planes(const Correlation& g, const Layout<T>& l, const Part& part, Index count, const T* image, T* to) {
  const Axis &down = g.axis[0], &across = g.axis[1];
  const Index high = l.rows + down.more();
  for (Index c = 0; c < count; ++c, image += down.size * across.size) {
    T* row = to + c * l.plane;
    T* const end = row + l.plane;
    for (Index py = 0; py < down.phases(); ++py)
      for (Index px = 0; px < across.phases(); ++px) {
        const Index x = part.j * across.stride + across.origin + px, s = across.stride;
        const Index first = smaller(l.wide, x < 0 ? (-x + s - 1) / s : 0);
        const Index last = larger(first, across.size > x ? smaller(l.wide, (across.size - x + s - 1) / s) : 0);
        for (Index i = 0; i < high; ++i, row += l.wide) {
          const Index y = (part.i + i) * down.stride + down.origin + py;
          // Zeros in whole vectors: what is written beyond the row is written again by what follows it.
          const bool outside = y < 0 || y >= down.size;
          for (Index at = 0; at < (outside ? l.wide : first); at += kWidth<T>) store<T>(row + at, Vector<T>{});
          if (outside) continue;
          const Index from = x + first * s;
          copy_every(last - first, image + y * across.size + from, across.size - from, s, row + first);
          for (Index at = last; at < l.wide; at += kWidth<T>) store<T>(row + at, Vector<T>{});
        }
      }
    clear(end - row, row);
  }
  clear(3 * kWidth<T>, to + count * l.plane);
}

/// A shift as phase and place in it.
struct Split {
  Index phase, at;
  Split(Index shift, Index stride) : phase(0), at(shift) {
    if (stride == 1) return;
    phase = shift % stride;
    at = shift / stride;
  }
};

/// use(elements, how many) for those of `count` channels, kElements at a time; at least once.
template <class T, class F>
void each_elements(const Correlation& g, const Layout<T>& l, Index count, const F& use) {
  Element elements[kElements];
  Index n = 0;
  bool used = false;
  const Axis &down = g.axis[0], &across = g.axis[1];
  const auto flush = [&] {
    use(static_cast<const Element*>(elements), n);
    n = 0;
    used = true;
  };
  for (Index c = 0; c < count; ++c)
    for (Index ty = 0, y = down.shift; ty < down.taps; ++ty, y += down.shift_step) {
      const Index row = (down.first + ty * down.step) * g.kernel_width + c * g.channel_step;
      const Split in_y(y, down.stride);
      const Index phases = in_y.phase * across.phases(), at = c * l.plane + in_y.at * l.wide;
      for (Index tx = 0, x = across.shift; tx < across.taps; ++tx, x += across.shift_step) {
        const Split in_x(x, across.stride);
        elements[n++] = {row + across.first + tx * across.step, at + (phases + in_x.phase) * l.phase + in_x.at};
        if (n == kElements) flush();
      }
    }
  if (n > 0 || !used) flush();
}

/// c[4 rows, Cols vectors] = start + sum over the elements of weight[row][element] copy[element's shift ..]; c's last vector begins at column
/// `last`. Of the rows `keep` are stored.
template <class T, int Cols>
[[gnu::noinline]] void shifted_tile(Index count, const Element* elements, const T* const* weight, const T* copy,
                                    Index last, const T* start, bool add, Index keep, T* c, Index ldc) {
  constexpr Index kW = kWidth<T>;
  const T *const w0 = weight[0], *const w1 = weight[1], *const w2 = weight[2], *const w3 = weight[3];
  Vector<T> sum[4][Cols];
  for (int r = 0; r < 4; ++r)
    for (int j = 0; j < Cols; ++j) sum[r][j] = Vector<T>{} + start[r];
  for (const Element* const end = elements + count; elements < end; ++elements) {
    const T* const at = copy + elements->shift;
    const Index w = elements->weight;
    Vector<T> v[Cols];
    for (int j = 0; j < Cols; ++j) v[j] = load(at + (j < Cols - 1 ? j * kW : last));
    for (int j = 0; j < Cols; ++j) sum[0][j] += w0[w] * v[j];
    for (int j = 0; j < Cols; ++j) sum[1][j] += w1[w] * v[j];
    for (int j = 0; j < Cols; ++j) sum[2][j] += w2[w] * v[j];
    for (int j = 0; j < Cols; ++j) sum[3][j] += w3[w] * v[j];
  }
  for (int r = 0; r < 4; ++r) {
    if (r >= keep) return;
    T* to[Cols];
    for (int j = 0; j < Cols; ++j) to[j] = c + r * ldc + (j < Cols - 1 ? j * kW : last);
    if (add)  // all before any is stored: the last vector may overlap the one before it
      for (int j = 0; j < Cols; ++j) sum[r][j] += load(to[j]);
    for (int j = 0; j < Cols; ++j) store<T>(to[j], sum[r][j]);
  }
}

/// sums[k][o] += sum over images and `vectors` vectors of positions of z[o] copy[k], for 4 outputs and 3 elements.
template <class T>
[[gnu::noinline]] void dot_tile(Index images, Index vectors, const T* const* z, Index z_image, const T* const* copy,
                                Index copy_image, Four<T>* sums) {
  Vector<T> sum[3][4];
  for (auto& of : sum)
    for (Vector<T>& v : of) v = Vector<T>{};
  const T *z0 = z[0], *z1 = z[1], *z2 = z[2], *z3 = z[3], *x0 = copy[0], *x1 = copy[1], *x2 = copy[2];
  for (; images > 0; --images) {
    for (Index p = 0; p < vectors * kWidth<T>; p += kWidth<T>) {
      const Vector<T> a = load(x0 + p), b = load(x1 + p), c = load(x2 + p);
      const auto meet = [&](int o, const T* row) __attribute__((always_inline)) {
        const Vector<T> v = load(row + p);
        sum[0][o] += v * a;
        sum[1][o] += v * b;
        sum[2][o] += v * c;
      };
      meet(0, z0);
      meet(1, z1);
      meet(2, z2);
      meet(3, z3);
    }
    z0 += z_image, z1 += z_image, z2 += z_image, z3 += z_image;
    x0 += copy_image, x1 += copy_image, x2 += copy_image;
  }
  for (int k = 0; k < 3; ++k) sums_of4<T>(sum[k], sums[k]);
}

}  // namespace harker::HARKER_ISA
