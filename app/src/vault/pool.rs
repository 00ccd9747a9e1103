//! Workers that run the page's own program, and a pool of them for bulk work.

use std::{
    cell::{Cell, RefCell},
    collections::{HashMap, VecDeque},
    rc::Rc,
};

use client::{ClientError, Result, bulk::Control};
use futures::{
    StreamExt,
    channel::{mpsc, oneshot},
};
use leptos::prelude::{document, window};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{MessageEvent, Worker, WorkerOptions, WorkerType};

use super::{message::Message, patience::unless_stopped};

/// Most workers: more don't help a browser whose WebCrypto has threads of its own, and each costs up to 30 MiB.
const WORKERS_MAX: usize = 3;

/// A worker with this program's compiled module; it listens for tasks as soon as it runs.
pub(super) fn spawn() -> Result<Worker, JsValue> {
    let program: web_sys::HtmlLinkElement = document()
        .get_element_by_id("program")
        .ok_or("the page names no program")?
        .dyn_into()
        .map_err(|_| "the page names no program")?;
    let url = web_sys::Url::new_with_base("../worker.js", &program.href())?.href();
    let options = WorkerOptions::new();
    options.set_type(WorkerType::Module);
    let worker = Worker::new_with_options(&url, &options)?;
    worker.post_message(&wasm_bindgen::module())?;
    Ok(worker)
}

/// Hears a worker's messages (`None`: it failed) until dropped.
pub(super) struct Listening {
    worker: Worker,
    _message: Closure<dyn Fn(MessageEvent)>,
    _error: Closure<dyn Fn(JsValue)>,
}

impl Listening {
    pub(super) fn new(worker: &Worker, heard: impl Fn(Option<Message>) + Clone + 'static) -> Self {
        let failed = heard.clone();
        let message =
            Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| heard(Message::read(event.data())));
        let error = Closure::<dyn Fn(JsValue)>::new(move |_| failed(None));
        worker.set_onmessage(Some(message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(error.as_ref().unchecked_ref()));
        Self { worker: worker.clone(), _message: message, _error: error }
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
    }
}

type Waiting = Rc<RefCell<HashMap<u32, mpsc::UnboundedSender<Option<Message>>>>>;

/// One worker of the pool.
struct Member {
    worker: Worker,
    waiting: Waiting,
    _listening: Listening,
}

impl Member {
    fn start() -> Result<Rc<Self>, JsValue> {
        let worker = spawn()?;
        let waiting = Waiting::default();
        let tasks = Rc::clone(&waiting);
        let heard = move |message: Option<Message>| match message {
            Some(message) => {
                let task = message.id().and_then(|id| tasks.borrow().get(&id).cloned());
                if let Some(task) = task {
                    let _ = task.unbounded_send(Some(message));
                }
            }
            // The worker is gone: so are its tasks.
            None => tasks.borrow_mut().clear(),
        };
        let listening = Listening::new(&worker, heard);
        Ok(Rc::new(Self { worker, waiting, _listening: listening }))
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.worker.terminate();
    }
}

/// Workers for segments, started when first needed.
#[derive(Default)]
pub(super) struct Pool {
    members: RefCell<Vec<Rc<Member>>>,
    last: Cell<u32>,
    places: Rc<Places>,
    ended: Cell<u32>,
}

/// How many segments are under way, of all files together, and who waits for one to end: each in turn, so that files that are
/// transferred side by side share alike.
#[derive(Default)]
struct Places {
    taken: Cell<usize>,
    waiting: RefCell<VecDeque<oneshot::Sender<Place>>>,
}

/// The place of one segment, until dropped.
pub(super) struct Place(Rc<Places>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.taken.set(self.0.taken.get() - 1);
        // Whoever was given up meanwhile gives it back at once, and so it goes on to the next.
        let next = self.0.waiting.borrow_mut().pop_front();
        if let Some(next) = next {
            let _ = next.send(Self::take(&self.0));
        }
    }
}

impl Place {
    fn take(places: &Rc<Places>) -> Self {
        places.taken.set(places.taken.get() + 1);
        Self(Rc::clone(places))
    }
}

impl Pool {
    /// How many segments may be under way: one for each worker and one that waits for the network.
    pub(super) fn depth(&self) -> usize {
        self.size() + 1
    }

    /// A place for a segment, as soon as there is one. Others may hold all of them for a minute, on a line that died: a stop is
    /// heard meanwhile, and that the workers were ended.
    ///
    /// # Errors
    /// [`ClientError::Cancelled`].
    pub(super) async fn place(&self, control: &Control) -> Result<Place> {
        let ended = self.times_ended();
        control.check()?;
        if self.places.taken.get() < self.depth() {
            return Ok(Place::take(&self.places));
        }
        let (told, hears) = oneshot::channel();
        self.places.waiting.borrow_mut().push_back(told);
        let place = unless_stopped(control, hears).await?;
        // Nobody forgets who waits.
        let place = place.unwrap_or_else(|_| Place::take(&self.places));
        if self.times_ended() == ended { Ok(place) } else { Err(ClientError::Cancelled) }
    }

    fn size(&self) -> usize {
        (window().navigator().hardware_concurrency() as usize).clamp(1, WORKERS_MAX)
    }

    /// Gives a task to the worker that has the fewest; starts another while there is room.
    pub(super) fn begin(&self, message: Message) -> Result<Task, JsValue> {
        let member = self.member()?;
        let id = self.last.get().wrapping_add(1);
        self.last.set(id);
        let (heard, answers) = mpsc::unbounded();
        member.waiting.borrow_mut().insert(id, heard);
        member.worker.post_message(message.with("id", id).js())?;
        Ok(Task { member, id, answers })
    }

    fn member(&self) -> Result<Rc<Member>, JsValue> {
        let mut members = self.members.borrow_mut();
        let load = |member: &Rc<Member>| member.waiting.borrow().len();
        let idle = members.iter().min_by_key(|member| load(member)).cloned();
        match idle {
            Some(member) if load(&member) == 0 || members.len() >= self.size() => Ok(member),
            _ => {
                let member = Member::start()?;
                members.push(Rc::clone(&member));
                Ok(member)
            }
        }
    }

    /// How often its workers were ended: what began before goes on no more.
    pub(super) fn times_ended(&self) -> u32 {
        self.ended.get()
    }

    /// Ends all workers and with them what they hold in memory.
    pub(super) fn end(&self) {
        self.ended.set(self.ended.get().wrapping_add(1));
        for member in self.members.take() {
            member.waiting.borrow_mut().clear();
        }
    }
}

/// A task in a worker; dropped before its end, it is given up there too.
pub(super) struct Task {
    member: Rc<Member>,
    id: u32,
    answers: mpsc::UnboundedReceiver<Option<Message>>,
}

impl Task {
    /// The next answer; `None` when the worker is gone.
    pub(super) async fn next(&mut self) -> Option<Message> {
        self.answers.next().await.flatten()
    }

    /// Lets a sealing task go on.
    pub(super) fn go(&self) -> Result<(), JsValue> {
        self.member.worker.post_message(Message::new("go").with("id", self.id).js())
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        if self.member.waiting.borrow_mut().remove(&self.id).is_some() {
            let _ = self.member.worker.post_message(Message::new("drop").with("id", self.id).js());
        }
    }
}
