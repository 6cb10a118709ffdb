import './card.css';
import './jobs.css';
import './sidebar.css';
